import { randomText } from './names'
import { parsePolicyBlocks, type PasswordPolicy } from './password-policy-parser'
import { multiError } from '../http/respond'

/** A policy as it was written, and what it means. */
export interface NamedPasswordPolicy {
  readonly text: string
  readonly policy: PasswordPolicy
}

/** The policies of `sys/policies/password`. */
export type PasswordPolicies = Map<string, NamedPasswordPolicy>

const SHORTEST = 4
const LONGEST = 100

/** Reads a policy in HCL or JSON. Throws an Error with Vault's text for one that is broken or that no password can meet. */
export function parsePasswordPolicy(text: string): PasswordPolicy {
  const policy = checked(text)
  if (policy.length < SHORTEST || policy.length > LONGEST) {
    throw new Error(`passwords must be between ${SHORTEST} and ${LONGEST} characters`)
  }
  return policy
}

function checked(text: string): PasswordPolicy {
  try {
    const policy = parsePolicyBlocks(text)
    const [first, ...others] = flaws(policy)
    if (first !== undefined) throw new Error(multiError(first, ...others))
    return policy
  } catch (error) {
    throw new Error(`invalid password policy: ${(error as Error).message}`)
  }
}

function flaws({ length, rules }: PasswordPolicy): string[] {
  const least = rules.reduce((sum, rule) => sum + rule.minChars, 0)
  const charset = rules.flatMap((rule) => rule.charset)
  return [
    ...(length <= 0 ? ['length must be > 0'] : []),
    ...(length > 0 && length < least ? [`specified rules require at least ${least} characters but ${length} is specified`] : []),
    ...(charset.length === 0 ? ['no charset specified'] : []),
    ...(charset.some((character) => /[\p{C}\p{Zl}\p{Zp}]/u.test(character)) ? ['non-printable character in charset'] : []),
  ]
}

/** A new password; every rule's minimum is met. */
export function generatePassword({ length, rules }: PasswordPolicy): string {
  const all = [...new Set(rules.flatMap((rule) => rule.charset))].join('')
  const required = rules.flatMap(({ charset, minChars }) => Array.from({ length: minChars }, () => charset.join('')))
  return randomText(length, required, all)
}
