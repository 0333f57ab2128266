import type { Fields } from '../http/fields'
import { VaultError } from '../http/respond'

type Config = Readonly<Record<string, string | number>>

const TYPES = ['password', 'rsa_private_key', 'client_certificate']

/** The `credential_type` of a request, or what it was before. Throws 400 for one that Vault does not know. */
export function credentialType(fields: Fields, before = 'password'): string {
  const type = fields.string('credential_type') ?? before
  if (TYPES.includes(type)) return type
  throw new VaultError(400, `invalid credential_type ${JSON.stringify(type)}`)
}

/** What of a `credential_config` means something for its type; what is not given, or given without it, stays. */
export function credentialConfig(fields: Fields, type: string, before: Config = {}): Config {
  const given = fields.stringMap('credential_config') ?? {}
  if (type === 'password') return given['password_policy'] ? { password_policy: given['password_policy'] } : before
  return type === 'rsa_private_key' ? rsaConfig(given) : before
}

function rsaConfig({ format = 'pkcs8', key_bits: bits = '2048' }: Readonly<Record<string, string>>): Config {
  if (format.toLowerCase() !== 'pkcs8')
    throw new VaultError(400, `credential_config validation failed: invalid format: ${format}`)
  if (!['2048', '3072', '4096'].includes(bits)) {
    throw new VaultError(400, `credential_config validation failed: invalid key_bits: ${bits}`)
  }
  return { format: 'pkcs8', key_bits: Number(bits) }
}
