import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { OptionError } from '../../errors'
import { checkOptions, nonEmptyString, type OptionCheck } from '../../options'
import { isTrue, vaultEnv } from '../env'

/** Text in PEM, or a file of it. Files are read once. */
export type Pem = string | { readonly file: string }

/** A certificate to show to Vault, and its private key without a passphrase. */
export interface ClientCertificate {
  readonly cert: Pem
  readonly key: Pem
}

/** How to talk TLS with Vault. */
export interface VaultTlsOptions {
  /**
   * The certificate authorities to trust instead of the system's: PEM, a file of it, or a folder of such files.
   * @default `VAULT_CACERT_BYTES` (PEM), `VAULT_CACERT` (a file), `VAULT_CAPATH` (a folder), or the same with `BAO_`
   */
  readonly ca?: Pem | { readonly folder: string }
  /** @default the files that `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY` name */
  readonly clientCertificate?: ClientCertificate
  /** The name that Vault's certificate must have, where it is not that of the address. @default `VAULT_TLS_SERVER_NAME` */
  readonly serverName?: string
}

/** What is handed to Node. */
export interface TlsSettings {
  readonly rejectUnauthorized: boolean
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly servername?: string
}

const aPem = (more: string, ...fields: string[]): OptionCheck => {
  const expected = `PEM, ${more}`
  return (value) => {
    if (typeof value === 'string') return value.includes('-----BEGIN') ? undefined : expected
    if (typeof value !== 'object' || value === null || Object.keys(value).length !== 1) return expected
    const [field, path] = Object.entries(value)[0]!
    return fields.includes(field) && nonEmptyString(path) === undefined ? undefined : expected
  }
}

export const pemCheck = aPem('or { file: path }', 'file')
export const authorityCheck = aPem('{ file: path } or { folder: path }', 'file', 'folder')

/** Options and environment as Node takes them, read and tried. Throws `OptionError`; `where` prefixes the names in messages. */
export function tlsSettings(where: string, options: VaultTlsOptions): TlsSettings {
  const serverName = options.serverName ?? vaultEnv('TLS_SERVER_NAME')
  return {
    rejectUnauthorized: !isTrue(vaultEnv('SKIP_VERIFY')),
    ...authorities(where, options.ca),
    ...(options.clientCertificate === undefined
      ? certificateOfEnvironment()
      : clientCertificate(`${where}.clientCertificate`, options.clientCertificate)),
    ...(serverName === undefined ? {} : { servername: serverName }),
  }
}

/** A certificate and its key, read and tried. Throws `OptionError`. */
export function clientCertificate(where: string, given: ClientCertificate): { cert: string; key: string } {
  checkOptions<ClientCertificate>(where, given, {
    cert: { check: pemCheck, required: true },
    key: { check: pemCheck, required: true },
  })
  const pair = { cert: read(`${where}.cert`, given.cert), key: read(`${where}.key`, given.key) }
  return tried(`${where}.cert`, 'a certificate in PEM, with its own key, without a passphrase, in "key"', pair)
}

function certificateOfEnvironment(): { cert?: string; key?: string } {
  const [cert, key] = [vaultEnv('CLIENT_CERT'), vaultEnv('CLIENT_KEY')]
  if (cert === undefined && key === undefined) return {}
  if (cert === undefined || key === undefined) {
    const missing = cert === undefined ? 'VAULT_CLIENT_CERT' : 'VAULT_CLIENT_KEY'
    throw new OptionError(missing, 'both VAULT_CLIENT_CERT and VAULT_CLIENT_KEY, or neither', 'undefined')
  }
  const pair = { cert: pemFile('VAULT_CLIENT_CERT', cert), key: pemFile('VAULT_CLIENT_KEY', key) }
  return tried(
    'VAULT_CLIENT_CERT',
    'a file with a certificate in PEM, and its own key, without a passphrase, in VAULT_CLIENT_KEY',
    pair,
  )
}

function authorities(where: string, ca: VaultTlsOptions['ca']): { ca?: string } {
  if (ca !== undefined) {
    const name = `${where}.ca`
    return trust(name, typeof ca === 'object' && 'folder' in ca ? pemFolder(`${name}.folder`, ca.folder) : read(name, ca))
  }
  const [bytes, file, folder] = [vaultEnv('CACERT_BYTES'), vaultEnv('CACERT'), vaultEnv('CAPATH')]
  if (bytes !== undefined) return trust('VAULT_CACERT_BYTES', bytes)
  if (file !== undefined) return trust('VAULT_CACERT', pemFile('VAULT_CACERT', file))
  if (folder !== undefined) return trust('VAULT_CAPATH', pemFolder('VAULT_CAPATH', folder))
  return {}
}

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g

/** Node takes anything for `ca`, and trusts nobody when there is no certificate in it. */
function trust(name: string, text: string): { ca: string } {
  const certificates = text.match(CERTIFICATE)
  if (certificates === null) throw new OptionError(name, 'at least one certificate in PEM', 'none')
  try {
    for (const one of certificates) new X509Certificate(one)
  } catch {
    throw new OptionError(name, 'certificates in PEM', 'a broken one')
  }
  return { ca: certificates.join('\n') }
}

function tried(name: string, expected: string, settings: { cert: string; key: string }): { cert: string; key: string } {
  try {
    createSecureContext(settings)
    return settings
  } catch (cause) {
    throw new OptionError(name, expected, cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable')
  }
}

function read(option: string, value: Pem): string {
  return typeof value === 'string' ? value : pemFile(`${option}.file`, value.file)
}

function pemFile(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new OptionError(option, 'the path of a readable PEM file', path)
  }
}

function pemFolder(option: string, path: string): string {
  try {
    const files = readdirSync(path, { withFileTypes: true }).filter((one) => !one.isDirectory())
    return files.map(({ name }) => readFileSync(join(path, name), 'utf8')).join('\n')
  } catch {
    throw new OptionError(option, 'the path of a folder of readable PEM files', path)
  }
}
