import { VaultAnswerError, type VaultRequestInfo } from '../../errors'
import type { OptionCheck } from '../../options'
import type { VaultClient } from '../client'
import { recordAt } from '../json'
import { vaultPath } from '../names'
import { readSecret, secretValue, type SecretValue } from './secret'
import { checkOrigin, unwrap } from './unwrap'

/**
 * A secret_id in a wrapping token, which Vault opens once. It is opened at the first login and kept in memory; at later ones a file is
 * looked at again, for another wrapping token.
 */
export interface WrappedSecretId {
  readonly wrapped: string | { readonly file: string }
  /**
   * The request whose answer it must be; anything else is refused as tampered with.
   * @default `auth/<mount>/role/<any role>/secret-id`
   */
  readonly creationPath?: string
}

export const secretIdValue: OptionCheck = (value) =>
  secretValue(value) === undefined || isWrapped(value)
    ? undefined
    : 'a non-empty string, { file: path }, a function or { wrapped: token or { file: path } }'

/** A secret_id, and what is known of how often it may still be used. */
export interface SecretId {
  readonly text: string
  /** `undefined` where that is unknown or unlimited. */
  usesLeft: number | undefined
}

/** Gets the secret_id for a login. */
export type SecretIdReader = (client: VaultClient, info: VaultRequestInfo, signal: AbortSignal) => Promise<SecretId>

export function secretIdReader(secretId: SecretValue | WrappedSecretId, mount: string): SecretIdReader {
  if (typeof secretId !== 'object' || !('wrapped' in secretId)) {
    return async (_, info) => ({ text: await readSecret(info, 'The secret_id', secretId), usesLeft: undefined })
  }
  const origin = originOf(secretId, mount)
  let opened: { readonly wrappingToken: string; readonly secret: SecretId } | undefined
  return async (client, info, signal) => {
    const wrappingToken = (await readSecret(info, 'The wrapping token', secretId.wrapped)).trim()
    if (opened?.wrappingToken === wrappingToken) return opened.secret
    await checkOrigin(client, wrappingToken, origin, signal)
    const secret = secretIn(client, await unwrap(client, wrappingToken, signal))
    opened = { wrappingToken, secret }
    return secret
  }
}

function secretIn(client: VaultClient, body: Record<string, unknown>): SecretId {
  const { secret_id: text, secret_id_num_uses: uses } = recordAt(body, 'data') ?? {}
  if (typeof text !== 'string' || text === '') {
    const info = { address: client.address, method: 'POST', path: 'sys/wrapping/unwrap' }
    throw new VaultAnswerError(info, 'no data.secret_id in the answer', 200)
  }
  return { text, usesLeft: typeof uses === 'number' && uses > 0 ? uses : undefined }
}

function originOf({ creationPath }: WrappedSecretId, mount: string): { pattern: RegExp; text: string } {
  const text = creationPath ?? `auth/${mount}/role/<role>/secret-id`
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return { text, pattern: new RegExp(`^${creationPath === undefined ? escaped.replace('<role>', '[^/]+') : escaped}$`) }
}

function isWrapped(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('wrapped' in value)) return false
  const { wrapped, creationPath, ...others } = value as Record<string, unknown>
  return (
    typeof wrapped !== 'function' &&
    secretValue(wrapped) === undefined &&
    (creationPath === undefined || vaultPath(creationPath) === undefined) &&
    Object.keys(others).length === 0
  )
}
