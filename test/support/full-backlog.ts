import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** A port whose queue of connections that nobody has accepted is full: the kernel answers no more of them. */
export interface FullBacklog {
  end(): Promise<void>
}

/** Listens, and then does nothing at all: Node accepts in its event loop, and this one has stopped. */
const LISTENER = `
  const { workerData: { port, gate }, parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer((socket) => socket.destroy())
  server.listen({ port, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage('listening')
    Atomics.wait(gate, 0, 0)
    process.exit()
  })
`

export async function fullBacklog(port: number): Promise<FullBacklog> {
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(LISTENER, { eval: true, workerData: { port, gate } })
  await once(worker, 'message')
  const fillers = [fill(port), fill(port)] // one more than its backlog
  await Promise.all(fillers.map((filler) => once(filler, 'connect')))
  return {
    end: async () => {
      const exited = once(worker, 'exit')
      Atomics.store(gate, 0, 1)
      Atomics.notify(gate, 0)
      await exited
      for (const filler of fillers) filler.destroy()
    },
  }
}

function fill(port: number): Socket {
  return connect({ port, host: '127.0.0.1' }).on('error', () => undefined)
}
