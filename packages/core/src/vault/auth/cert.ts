import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import { OptionError } from '../../errors'
import { checkOptions, nonEmptyString, type OptionCheck } from '../../options'
import type { Login } from '../login'
import { vaultPath } from '../names'

/** By a client certificate. It is shown with every request to Vault: a token that came by it is renewed only over such a connection. */
export interface CertAuth {
  readonly method: 'cert'
  /** PEM, or a file of it, read once: a certificate that is replaced takes another client. */
  readonly cert: string | { readonly file: string }
  /** PEM of its private key, without a passphrase. */
  readonly key: string | { readonly file: string }
  /** Which of the certificates that Vault knows it must be. @default any that fits */
  readonly name?: string
  /** @default 'cert' */
  readonly mount?: string
}

/** What goes into the TLS options of the connection. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

export function certLogin(where: string, auth: CertAuth): Login {
  checkOptions<CertAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    cert: { check: pemOrFile, required: true },
    key: { check: pemOrFile, required: true },
    name: { check: nonEmptyString },
    mount: { check: vaultPath },
  })
  const { name, mount = 'cert' } = auth
  const body = name === undefined ? {} : { name }
  return {
    method: 'cert',
    canLogIn: true,
    ownsToken: true,
    logIn: (client, signal) => client.login(`auth/${mount}/login`, body, signal),
  }
}

/** The certificate to show, read and tried. Throws `OptionError`. */
export function clientCertificate(where: string, auth: CertAuth, address: string): ClientCertificate {
  if (!address.startsWith('https:'))
    throw new OptionError(where, 'an address that begins with https:, for a certificate', address)
  const cert = read(`${where}.cert`, auth.cert)
  const key = read(`${where}.key`, auth.key)
  try {
    createSecureContext({ cert, key })
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unreadable'
    throw new OptionError(`${where}.cert`, 'a certificate in PEM, with its own key, without a passphrase, in "key"', code)
  }
  return { cert, key }
}

const pemOrFile: OptionCheck = (value) => {
  const expected = 'PEM or { file: path }'
  if (typeof value === 'string') return value.includes('-----BEGIN') ? undefined : expected
  return nonEmptyString((value as { file?: unknown } | null)?.file) === undefined ? undefined : expected
}

function read(option: string, value: string | { readonly file: string }): string {
  if (typeof value === 'string') return value
  try {
    return readFileSync(value.file, 'utf8')
  } catch {
    throw new OptionError(`${option}.file`, 'a file that can be read', value.file)
  }
}
