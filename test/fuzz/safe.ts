import type { FuzzRequest } from './requests'
import type { Ref } from './values'

/** False for a request that would take the fixture away, whoever sends it: then nothing after it would be worth comparing. */
export function isSafe({ method, path, token, body }: FuzzRequest): boolean {
  const text = path.map((part) => (typeof part === 'string' ? part : '*')).join('')
  if (/seal$|step-down|^sys\/init/i.test(text) && method !== 'GET' && method !== 'HEAD') return false
  // On Vault a slash at the end takes a policy away that is protected without it, and from then on root is nobody.
  if (/^sys\/+polic(y|ies\/+acl)\/+\w+\/+$/i.test(text.split('?')[0]!) && method === 'DELETE') return false
  if (/^sys\/+(mounts|auth)\/+(database|approle|userpass|jwt|token|sys|cubbyhole|secret|identity)/.test(text) && method !== 'GET')
    return false
  if (/revoke-(prefix|force)\/*(auth\/*)?$/.test(text)) return false
  if (text.includes('revoke') && /auth\/+token/.test(text) && names(token, body, 'root')) return false
  return true
}

function names(token: FuzzRequest['token'], body: unknown, who: string): boolean {
  return token === who && (typeof body !== 'object' || body === null || !Object.values(body).some(isRef))
}

function isRef(value: unknown): value is Ref {
  return typeof value === 'object' && value !== null && 'ref' in value
}
