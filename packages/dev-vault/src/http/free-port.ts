import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'
import { DevVaultError } from '../errors'

/** Below 32768, where Linux starts to hand out ports to outgoing connections, one of which could take ours between two tries. */
const FIRST_PORT = 20_000
const LAST_PORT = 32_000

const TRIES = 50

/** Listens on 127.0.0.1, on `port` or on a random free one. Rejects with ERR_DEV_VAULT_PORT if that cannot be had. */
export async function listenOnFreePort(server: Server, port?: number): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const candidate = port ?? randomInt(FIRST_PORT, LAST_PORT)
    try {
      await listen(server, candidate)
      return candidate
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (port === undefined && isTaken && attempt < TRIES) continue
      throw new DevVaultError('ERR_DEV_VAULT_PORT', `Cannot listen on 127.0.0.1:${candidate}`, { cause: error })
    }
  }
}

/** A port that was free a moment ago; somebody may take it before you do. */
export async function findFreePort(): Promise<number> {
  const server = createServer()
  const port = await listenOnFreePort(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}
