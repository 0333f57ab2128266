import { VaultError } from '../http/respond'
import type { TokenRole } from './token-roles'

/** What the policies of a new token depend on. `asked` is empty if the request names none. */
export interface PolicyChoice {
  readonly asked: readonly string[]
  readonly parent: readonly string[]
  readonly role: TokenRole | undefined
  /** The caller is root or has `sudo` here. */
  readonly isSudo: boolean
  readonly noDefaultPolicy: boolean
}

/** The policies of a new token, sorted. Throws 400 if the caller or the role may not give them. */
export function chosenPolicies(choice: PolicyChoice): string[] {
  const names = choice.noDefaultPolicy ? chosen(choice).filter((name) => name !== 'default') : chosen(choice)
  const fixed = names.find((name) => name === 'response-wrapping' || name === 'control-group')
  if (fixed !== undefined) throw new VaultError(400, `cannot assign policy "${fixed}"`)
  if (names.includes('root') && !choice.parent.includes('root'))
    throw new VaultError(400, 'root tokens may not be created without parent token being root')
  return names
}

function chosen(choice: PolicyChoice): string[] {
  const { asked, parent, role, isSudo, noDefaultPolicy } = choice
  if (role !== undefined && hasRules(role)) return byRole(choice, role)
  if (asked.length === 0) return clean(parent, false)
  if (isSudo) return clean(asked, !noDefaultPolicy)
  if (!clean(asked, false).every((name) => parent.includes(name)))
    throw new VaultError(400, 'child policies must be subset of parent')
  return clean(asked, !noDefaultPolicy && parent.includes('default'))
}

function hasRules({ allowedPolicies, disallowedPolicies, allowedGlobs, disallowedGlobs }: TokenRole): boolean {
  return [allowedPolicies, disallowedPolicies, allowedGlobs, disallowedGlobs].some((names) => names.length > 0)
}

function byRole({ asked, parent, noDefaultPolicy }: PolicyChoice, role: TokenRole): string[] {
  const isDisallowed = (name: string): boolean =>
    role.disallowedPolicies.includes(name) || role.disallowedGlobs.some((glob) => globMatches(glob, name))
  const addDefault = !noDefaultPolicy && !role.noDefaultPolicy && !isDisallowed('default')
  const isLimited = role.allowedPolicies.length > 0 || role.allowedGlobs.length > 0
  const allowed = clean(role.allowedPolicies, addDefault)
  const names = asked.length > 0 ? clean(asked, addDefault) : isLimited ? allowed : clean(parent, addDefault)
  const isAllowed = (name: string): boolean => allowed.includes(name) || role.allowedGlobs.some((glob) => globMatches(glob, name))
  if (isLimited && !names.every(isAllowed))
    throw new VaultError(400, "token policies must be subset of the role's allowed policies")
  const bad = names.find(isDisallowed)
  if (bad !== undefined) throw new VaultError(400, `token policy "${bad}" is disallowed by this role`)
  return names
}

/** Lower-cased, without blanks and doubles, sorted; `root` stands alone. */
function clean(names: readonly string[], addDefault: boolean): string[] {
  const kept = names.map((name) => name.trim().toLowerCase()).filter((name) => name !== '')
  if (kept.includes('root')) return ['root']
  return [...new Set([...kept, ...(addDefault ? ['default'] : [])])].sort()
}

function globMatches(glob: string, name: string): boolean {
  const source = glob
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${source}$`).test(name)
}
