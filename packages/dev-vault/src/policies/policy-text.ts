import { parseSeconds } from '../durations'
import { hclGet, type HclMap, type HclValue, isHclMap, parseHcl } from './hcl'
import { type Capability, isCapability, type Parameters, type PathRule, type PolicyDocument } from './policy'

/** What the old word `policy` stands for. */
const OLD_POLICIES: Readonly<Record<string, readonly Capability[]>> = {
  deny: ['deny'],
  read: ['read', 'list'],
  write: ['create', 'read', 'update', 'delete', 'list'],
  sudo: ['create', 'read', 'update', 'delete', 'list', 'sudo'],
}

const KEYS: ReadonlySet<string> = new Set([
  'comment',
  'policy',
  'capabilities',
  'allowed_parameters',
  'denied_parameters',
  'required_parameters',
  'min_wrapping_ttl',
  'max_wrapping_ttl',
  'subscribe_event_types',
])

/**
 * Reads a policy as Vault takes it, in HCL or JSON: paths with capabilities (or the old word `policy`), with allowed, denied and
 * required parameters and with bounds of wrapping. Throws an Error that says what is wrong; `mfa_methods` and `control_group` are
 * refused, because they would not be kept.
 */
export function parsePolicy(text: string): PolicyDocument {
  const rules = new Map<string, PathRule>()
  for (const [key, value] of parseHcl(text).entries) {
    if (key === 'name') continue
    if (key !== 'path') throw new Error(`invalid key "${key}"`)
    if (!isHclMap(value)) throw new Error('path must have blocks')
    for (const [path, rule] of value.entries) addRule(rules, path, rule)
  }
  return Object.fromEntries(rules)
}

function addRule(rules: Map<string, PathRule>, path: string, value: HclValue): void {
  const pattern = path.replace(/^\//, '')
  if (!isHclMap(value)) throw new Error(`path "${path}": expected a block`)
  if (pattern.includes('+*')) throw new Error(`path "${path}": invalid use of wildcards ('+*' is forbidden)`)
  for (const [key] of value.entries) if (!KEYS.has(key)) throw new Error(`path "${path}": invalid key "${key}"`)
  const rule = ruleOf(path, value)
  const older = rules.get(pattern)
  rules.set(pattern, older === undefined ? rule : { ...rule, capabilities: [...older.capabilities, ...rule.capabilities] })
}

function ruleOf(path: string, block: HclMap): PathRule {
  const minWrapSeconds = wrapSeconds(block, 'min_wrapping_ttl')
  const maxWrapSeconds = wrapSeconds(block, 'max_wrapping_ttl')
  if (minWrapSeconds > 0 && maxWrapSeconds > 0 && maxWrapSeconds < minWrapSeconds)
    throw new Error('max_wrapping_ttl cannot be less than min_wrapping_ttl')
  return {
    capabilities: capabilitiesOf(path, block),
    minWrapSeconds,
    maxWrapSeconds,
    requiredParameters: texts(path, 'required_parameters', hclGet(block, 'required_parameters')),
    allowedParameters: parameters(path, 'allowed_parameters', hclGet(block, 'allowed_parameters')),
    deniedParameters: parameters(path, 'denied_parameters', hclGet(block, 'denied_parameters')),
  }
}

function capabilitiesOf(path: string, block: HclMap): Capability[] {
  const old = hclGet(block, 'policy')
  const isKnown = typeof old === 'string' && Object.hasOwn(OLD_POLICIES, old)
  if (old !== undefined && !isKnown) throw new Error(`path "${path}": invalid policy ${JSON.stringify(old)}`)
  const names = texts(path, 'capabilities', hclGet(block, 'capabilities'))
  for (const name of names) if (!isCapability(name)) throw new Error(`path "${path}": invalid capability "${name}"`)
  const all = [...(isKnown ? OLD_POLICIES[old]! : []), ...(names as Capability[])]
  return all.includes('deny') ? ['deny'] : all
}

function texts(path: string, key: string, value: HclValue | undefined): string[] {
  if (value === undefined) return []
  const items = Array.isArray(value) ? (value as readonly HclValue[]) : [value as HclValue]
  if (items.every((item) => typeof item === 'string')) return items as string[]
  throw new Error(`path "${path}": ${key} must be a list of strings`)
}

function parameters(path: string, key: string, value: HclValue | undefined): Parameters {
  if (value === undefined) return {}
  if (!isHclMap(value)) throw new Error(`path "${path}": ${key} must be a map of lists`)
  return Object.fromEntries(
    value.entries.map(([name, values]) => {
      if (!Array.isArray(values)) throw new Error(`path "${path}": ${key} must be a map of lists`)
      return [name.toLowerCase(), values as readonly unknown[]]
    }),
  )
}

function wrapSeconds(block: HclMap, key: string): number {
  const seconds = parseSeconds(hclGet(block, key) ?? 0)
  if (seconds === undefined) throw new Error(`error parsing ${key}: invalid duration`)
  return seconds
}

/** The text of rules that were given as an object, for reading them back. */
export function policyText(rules: Readonly<Record<string, readonly Capability[]>>): string {
  const block = ([path, capabilities]: [string, readonly Capability[]]): string =>
    `path ${JSON.stringify(path)} {\n  capabilities = ${JSON.stringify(capabilities)}\n}\n`
  return Object.entries(rules).map(block).join('\n')
}
