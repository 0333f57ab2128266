import { textOf } from '../errors'

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  ECONNRESET: 'connect: connection reset by peer',
  EHOSTUNREACH: 'connect: no route to host',
  ETIMEDOUT: 'connect: connection timed out',
}

/** What Go's net package says of a connection that could not be opened, or `undefined` if the error is of another kind. */
export function dialError(error: unknown): string | undefined {
  if (error instanceof AggregateError) return dialError(error.errors.at(-1))
  const { code, address, port, hostname } = error as NodeJS.ErrnoException & {
    address?: string
    port?: number
    hostname?: string
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `dial tcp: lookup ${hostname ?? 'host'}: no such host`
  if (code === undefined || !Object.hasOwn(REASONS, code)) return undefined
  return address === undefined ? textOf(error) : `dial tcp ${address}:${port}: ${REASONS[code]}`
}
