import { authenticate } from '../http/authenticate'
import { Fields } from '../http/fields'
import type { RawRequest } from '../http/incoming'
import { readJsonObject } from '../http/json-body'
import { type Answer, errorAnswer, multiError, VaultError } from '../http/respond'
import { statusAnswer } from '../http/status'
import type { Vault } from '../vault'

/** A key has to be one, but any will do: there is nothing that it would open. */
const SHORTEST_KEY_BYTES = 16

/** Answers `sys/seal`, `sys/unseal` and writes of `sys/init`, also while sealed; else `undefined`. Throws what Vault answers. */
export function sealAnswer(vault: Vault, request: RawRequest, path: string): Answer | undefined {
  if (path !== 'sys/seal' && path !== 'sys/unseal' && path !== 'sys/init' && path !== 'sys/step-down') return undefined
  if (request.method !== 'PUT' && request.method !== 'POST') return errorAnswer(405, [])
  if (path === 'sys/unseal') return unseal(vault, new Fields(readJsonObject(request.body)))
  if (path === 'sys/init') return errorAnswer(400, [initRefusal(new Fields(readJsonObject(request.body)))])
  // A sealed Vault takes both as done.
  if (vault.isSealed) return { status: 204 }
  assertSudo(vault, request, path)
  if (path === 'sys/seal') vault.seal(true)
  else vault.onStepDown()
  return { status: 204 }
}

function unseal(vault: Vault, fields: Fields): Answer {
  const key = fields.string('key') ?? ''
  if (fields.boolean('reset') === true) {
    if (!vault.isSealed) throw new VaultError(400, 'vault is unsealed')
  } else {
    if (key === '') throw new VaultError(400, "'key' must be specified in request body as JSON, or 'reset' set to true")
    if (!isKey(key)) throw new VaultError(400, "'key' must be a valid hex or base64 string")
    if (vault.isSealed) vault.seal(false)
  }
  const node = { isSealed: vault.isSealed, isHa: false, isActive: true, activeSinceMs: 0, leaderAddress: undefined }
  return statusAnswer('GET', 'sys/seal-status', new URLSearchParams(), node, vault.time.nowMs())!
}

function isKey(text: string): boolean {
  const isHex = /^([\da-f]{2})+$/i.test(text)
  const isBase64 = /^[\w+/-]+={0,2}$/.test(text)
  const bytes = isHex ? text.length / 2 : isBase64 ? Math.floor((text.replace(/=+$/, '').length * 3) / 4) : 0
  return bytes >= SHORTEST_KEY_BYTES
}

function initRefusal(fields: Fields): string {
  if ((fields.integer('secret_shares') ?? 0) < 1) return 'invalid seal configuration: shares must be at least one'
  return 'Vault is already initialized'
}

function assertSudo(vault: Vault, request: RawRequest, path: string): void {
  const token = authenticate(vault.tokens, request.token)
  const isAllowed = vault.policies.allows(token, 'update', path, { fields: new Fields({}), wrapSeconds: 0 })
  if (!isAllowed) throw new VaultError(403, multiError('permission denied'))
  if (vault.tokens.use(token)) vault.tokens.end(token)
}
