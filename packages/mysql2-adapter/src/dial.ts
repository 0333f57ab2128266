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

export function dial(socket: Socket, { socketPath, host, port, localAddress }: ConnectionConfig): void {
  if (socketPath !== undefined) return void socket.connect(socketPath)
  const options: TcpNetConnectOpts = { host, port }
  socket.connect(localAddress === undefined ? options : { ...options, localAddress })
}
