import { VaultLoginError, VaultRefusedError, type VaultRequestInfo } from '../../errors'
import { checkOptions, nonEmptyString } from '../../options'
import type { VaultClient } from '../client'
import type { Login } from '../login'
import { vaultPath } from '../names'
import { readSecret, secretValue, type SecretValue } from './secret'
import { secretIdReader, secretIdValue, type SecretId, type WrappedSecretId } from './secret-id'

/** By a role_id and a secret_id. */
export interface AppRoleAuth {
  readonly method: 'approle'
  readonly roleId: SecretValue
  /** Left out for a role with `bind_secret_id=false`. */
  readonly secretId?: SecretValue | WrappedSecretId
  /** @default 'approle' */
  readonly mount?: string
}

/** Vault's words for a wrong pair; older ones name which of the two it is. */
const WRONG = /^invalid (role|secret)/i

export function appRoleLogin(where: string, auth: AppRoleAuth): Login {
  checkOptions<AppRoleAuth>(where, auth, {
    method: { check: nonEmptyString, required: true },
    roleId: { check: secretValue, required: true },
    secretId: { check: secretIdValue },
    mount: { check: vaultPath },
  })
  const { roleId, secretId, mount = 'approle' } = auth
  const path = `auth/${mount}/login`
  const readSecretId = secretId === undefined ? undefined : secretIdReader(secretId, mount)
  /** Whether another secret_id can come from where this one did. */
  const isFixed =
    typeof secretId === 'string' || (typeof secretId === 'object' && typeof (secretId as WrappedSecretId).wrapped === 'string')
  /** The one that worked last. */
  let known: SecretId | undefined
  const infoOf = (client: VaultClient): VaultRequestInfo => ({ address: client.address, method: 'POST', path })

  return {
    method: 'approle',
    get canLogIn() {
      return !(isFixed && known?.usesLeft === 0)
    },
    ownsToken: true,
    whyNot: (client) => usedUp(infoOf(client)),
    async logIn(client, signal) {
      const info = infoOf(client)
      const role_id = await readSecret(info, 'The role_id', roleId)
      const secret = await readSecretId?.(client, info, signal)
      try {
        const grant = await client.login(path, { role_id, ...(secret && { secret_id: secret.text }) }, signal)
        if (secret?.usesLeft !== undefined) secret.usesLeft -= 1
        known = secret
        return grant
      } catch (cause) {
        const worked = secret !== undefined && known?.text === secret.text
        if (!worked || !(cause instanceof VaultRefusedError) || !WRONG.test(cause.reasons[0] ?? '')) throw cause
        secret.usesLeft = 0
        known = secret
        throw usedUp(info, cause)
      }
    },
  }
}

function usedUp(info: VaultRequestInfo, cause?: VaultRefusedError): VaultLoginError {
  const problem =
    'the secret_id that worked before is of no more use: used up (num_uses), expired or destroyed; give the app another'
  return new VaultLoginError(info, 'secret-id-refused', problem, { cause })
}
