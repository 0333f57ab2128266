import type { ServerKind } from '../../contract/server'

/** What no database says, and what none should. */
export const GARBAGE: Readonly<Record<string, (server: ServerKind) => Buffer>> = {
  'random bytes': () => Buffer.from('8f1d0c3aa7e95b62f04c17d8b3966e21c5fa08743be1d92f60a4781c5d03ee97', 'hex'),
  'an HTTP answer': () =>
    Buffer.from('HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 11\r\nConnection: close\r\n\r\nBad Request'),
  'a TLS alert': () => Buffer.from('15030300020228', 'hex'),
  'a message that never ends': (server) => (isPostgres(server) ? postgres('D', '00', 2 ** 31 - 1) : mysql('00', 2 ** 24 - 1)),
  'a message of no known kind': (server) => (isPostgres(server) ? postgres('?', '00') : mysql('07')),
  // A row of one value without the value; a column count, or a hello, that is cut off.
  'a malformed message': (server) => (isPostgres(server) ? postgres('D', '0001') : mysql('fd01')),
}

/** What a server says that has no place left: https://www.postgresql.org/docs/current/protocol-error-fields.html and ER_CON_COUNT_ERROR. */
export function tooManyConnections(server: ServerKind): Buffer {
  return isPostgres(server)
    ? postgres('E', hex('SFATAL\0VFATAL\0C53300\0Msorry, too many clients already\0\0'))
    : mysql(`ff1004${hex('Too many connections')}`)
}

function isPostgres(server: ServerKind): boolean {
  return server === 'postgres'
}

const hex = (text: string): string => Buffer.from(text).toString('hex')

/** https://www.postgresql.org/docs/current/protocol-overview.html#PROTOCOL-MESSAGE-CONCEPTS */
function postgres(type: string, payload: string, length = 4 + payload.length / 2): Buffer {
  const head = Buffer.alloc(5)
  head.write(type)
  head.writeInt32BE(length, 1)
  return Buffer.concat([head, Buffer.from(payload, 'hex')])
}

/** https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html */
function mysql(payload: string, length = payload.length / 2): Buffer {
  const head = Buffer.alloc(4)
  head.writeUIntLE(length, 0, 3)
  return Buffer.concat([head, Buffer.from(payload, 'hex')])
}
