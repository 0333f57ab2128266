export type Protocol = 'postgres' | 'mysql'

/** What a message of the server is: its first one; its challenge; its answer to the client's proof; the end of the login; one after that. */
export type Role = 'hello' | 'challenge' | 'proof' | 'ready' | 'answer'

/** One message of the server, whole. */
export interface Frame {
  readonly roles: readonly Role[]
  readonly frame: Buffer
}

/** Cuts what a server sends into its messages, however they come. */
export interface FrameReader {
  readonly isLoggedIn: boolean
  read(bytes: Buffer): Generator<Frame>
}

interface Shape {
  /** Length of a message of which so much has come; `undefined`: not enough to know. */
  lengthOf(bytes: Buffer): number | undefined
  rolesOf(frame: Buffer, index: number): readonly Role[]
}

const SHAPES: Readonly<Record<Protocol, Shape>> = {
  // https://www.postgresql.org/docs/current/protocol-message-formats.html
  postgres: {
    lengthOf: (bytes) => (bytes.length < 5 ? undefined : 1 + bytes.readUInt32BE(1)),
    rolesOf: (frame, index) => {
      if (index === 0) return ['hello']
      const type = String.fromCharCode(frame[0]!)
      if (type === 'Z') return ['ready']
      if (type !== 'R') return []
      return frame.readUInt32BE(5) === 11 ? ['challenge'] : ['proof'] // 11: the server's part of SCRAM
    },
  },
  // https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_basic_packets.html
  mysql: {
    lengthOf: (bytes) => (bytes.length < 4 ? undefined : 4 + bytes.readUIntLE(0, 3)),
    rolesOf: (frame, index) => {
      if (index === 0) return ['hello']
      const proof = index === 1 ? (['proof'] as const) : []
      return frame[4] === 0 ? [...proof, 'ready'] : proof
    },
  },
}

export function loginFrames(protocol: Protocol): FrameReader {
  const { lengthOf, rolesOf } = SHAPES[protocol]
  let rest: Buffer = Buffer.alloc(0)
  let index = 0
  let isLoggedIn = false
  return {
    get isLoggedIn() {
      return isLoggedIn
    },
    *read(bytes) {
      rest = Buffer.concat([rest, bytes])
      for (;;) {
        const length = lengthOf(rest)
        if (length === undefined || rest.length < length) return
        const frame = rest.subarray(0, length)
        rest = rest.subarray(length)
        const roles: readonly Role[] = isLoggedIn ? ['answer'] : rolesOf(frame, index++)
        yield { roles, frame }
        isLoggedIn ||= roles.includes('ready')
      }
    },
  }
}
