import { checkOptions, nonEmptyString } from '../../options'
import type { Login } from '../login'
import { vaultPath } from '../names'
import { pemCheck, type ClientCertificate, type Pem } from '../transport/tls'

/** By a client certificate. It is shown with every request to Vault: a token that came by it is renewed only over such a connection. */
export interface CertAuth {
  readonly method: 'cert'
  /**
   * PEM, or a file of it, read once: a certificate that is replaced takes another client.
   * @default that of the connection: `clientCertificate`, or `VAULT_CLIENT_CERT` and `VAULT_CLIENT_KEY`
   */
  readonly cert?: Pem
  /** PEM of its private key, without a passphrase; given together with `cert`. */
  readonly key?: Pem
  /** Which of the certificates that Vault knows it must be. @default any that fits */
  readonly name?: string
  /** @default 'cert' */
  readonly mount?: string
}

export function certLogin(where: string, auth: CertAuth): Login {
  checkOptions<CertAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    cert: { check: pemCheck, required: auth.key !== undefined },
    key: { check: pemCheck, required: auth.cert !== undefined },
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

/** The certificate that the login itself names. */
export function certificateOf({ cert, key }: CertAuth): ClientCertificate | undefined {
  return cert === undefined || key === undefined ? undefined : { cert, key }
}
