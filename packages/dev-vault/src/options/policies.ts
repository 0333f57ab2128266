import { type OptionCheck } from '@leasepool/core'
import { isCapability } from '../policies/policy'
import { parsePolicy } from '../policies/policy-text'
import { record } from './checks'

/** Rejects what would be rejected later, when a client tries to log in, by a server that seems to run. */
export const policy: OptionCheck = (value) => {
  if (typeof value === 'string')
    return readable(value) ? undefined : 'policy text made of path "x" { capabilities = ["read"] } blocks'
  const rules = record(value) === undefined ? Object.values(value as object) : [undefined]
  const isRules = rules.every((capabilities) => Array.isArray(capabilities) && capabilities.every(isCapability))
  return isRules ? undefined : 'policy text, or an object with a list of capabilities per path'
}

function readable(text: string): boolean {
  try {
    parsePolicy(text)
    return true
  } catch {
    return false
  }
}
