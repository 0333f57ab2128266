import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { listen } from '../../../test/support/proxy'

/** In front of a server: shut, it ends every connection at once. */
export interface Door {
  readonly port: number
  isOpen: boolean
  close(): Promise<void>
}

export async function startDoor(toPort: number): Promise<Door> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined))
    if (!door.isOpen) return void socket.destroy()
    const inner = connect(toPort, '127.0.0.1').on('error', () => undefined)
    sockets.add(inner)
    socket.pipe(inner).pipe(socket)
  })
  const door: Door = {
    port: await listen(server),
    isOpen: false,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return door
}
