import { Socket, type TcpNetConnectOpts } from 'node:net'
import type { ConnectionConfig } from './mysql2-members'

/** A socket that is not connected yet, and can be given to mysql2 all the same: MySQL's server speaks first. */
export function newSocket(config: ConnectionConfig): Socket {
  const socket = new Socket()
  // What mysql2 does with sockets that it makes itself.
  if (config.socketPath === undefined) {
    socket.setNoDelay(true)
    if (config.enableKeepAlive !== false)
      socket.once('connect', () => socket.setKeepAlive(true, config.keepAliveInitialDelay ?? 0))
  }
  return socket
}

/** Never throws: who asked for the connection is told by its socket also of a port that is none, say. */
export function dial(socket: Socket, { socketPath, host, port, localAddress }: ConnectionConfig): void {
  const options: TcpNetConnectOpts = { host, port }
  try {
    if (socketPath !== undefined) socket.connect(socketPath)
    else socket.connect(localAddress === undefined ? options : { ...options, localAddress })
  } catch (error) {
    socket.destroy(error as Error)
  }
}
