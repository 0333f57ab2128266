import { checkOptions, nonEmptyString, type OptionCheck, OptionError, type OptionRules } from '@leasepool/core'
import { createSecureContext } from 'node:tls'
import type { DevVaultTls } from '../http/tls'

/** Where an engine may be mounted. */
export const mountPath: OptionCheck = (value) =>
  typeof value === 'string' && /^\w[\w.-]*(\/\w[\w.-]*)*$/.test(value) && !/^(sys|auth|cubbyhole|identity)(\/|$)/.test(value)
    ? undefined
    : 'a path such as "database", not below sys or auth'

/** A TCP port. */
export const tcpPort: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 65_536 ? undefined : 'a port from 1 to 65535'

/** How many nodes share the state. */
export const nodeCount: OptionCheck = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= 9 ? undefined : 'a whole number from 1 to 9'

/** `true` or `false`. */
export const aBoolean: OptionCheck = (value) => (typeof value === 'boolean' ? undefined : 'true or false')

/** `true`, or certificates, whose entries are checked apart. */
export const tls: OptionCheck = (value) =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value))
    ? undefined
    : 'true, or an object with key and cert'

const pem: OptionCheck = (value) =>
  nonEmptyString(value) ?? (/^-----BEGIN /m.test(value as string) ? undefined : 'a PEM text with -----BEGIN …')

/** Throws OptionError for certificates that no server could use. */
export function checkTls(where: string, value: DevVaultTls): void {
  checkOptions<DevVaultTls>(where, value, TLS_RULES)
  const { key, cert, clientCa } = value
  try {
    createSecureContext({ key, cert, ...(clientCa === undefined ? {} : { ca: clientCa }) })
  } catch {
    throw new OptionError(where, 'a key and a certificate that belong together, as PEM', 'others')
  }
}

const TLS_RULES: OptionRules<DevVaultTls> = {
  key: { check: pem, required: true },
  cert: { check: pem, required: true },
  ca: { check: pem },
  clientCa: { check: pem },
}
