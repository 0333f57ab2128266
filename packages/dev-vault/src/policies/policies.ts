import { DEFAULT_POLICY, RESPONSE_WRAPPING_POLICY } from './default-policy'
import type { Fields } from '../http/fields'
import type { AskedOperation } from '../http/incoming'
import { parametersAllowed } from './parameter-rules'
import { type Capability, capabilitiesOn, type PathRule, type PolicyDocument, type PolicyRules, ruleOn } from './policy'
import { parsePolicy, policyText } from './policy-text'
import { VaultError } from '../http/respond'
import { needsSudo } from './sudo-paths'
import type { Token } from '../tokens/tokens'

/** What a policy may look at besides the path. */
export interface RequestFacts {
  readonly fields: Fields
  readonly wrapSeconds: number
}

interface Policy {
  readonly text: string
  readonly rules: PolicyDocument
}

/** The named policies, and the decision what a token may do. */
export class Policies {
  readonly #policies = new Map<string, Policy>()

  constructor() {
    this.set('default', DEFAULT_POLICY)
    this.set('response-wrapping', RESPONSE_WRAPPING_POLICY)
  }

  /** Stores a policy given as text or as rules; throws an Error for text that is none. Names are lower-cased, as Vault does. */
  set(name: string, policy: string | PolicyRules | PolicyDocument): void {
    const stored = typeof policy === 'string' ? { text: policy, rules: parsePolicy(policy) } : fromRules(policy)
    this.#policies.set(name.toLowerCase(), stored)
  }

  /** Throws 400 for text that is no policy. */
  check(text: string): void {
    try {
      parsePolicy(text)
    } catch (error) {
      throw new VaultError(400, `failed to parse policy: ${(error as Error).message}`)
    }
  }

  /** The text of a policy; that of `root` is empty. */
  text(name: string): string | undefined {
    return name === 'root' ? '' : this.#policies.get(name)?.text
  }

  delete(name: string): void {
    this.#policies.delete(name)
  }

  has(name: string): boolean {
    return name === 'root' || this.#policies.has(name)
  }

  /** All names but `response-wrapping`, which Vault does not show, sorted. */
  names(): string[] {
    return ['root', ...this.#policies.keys()].filter((name) => name !== 'response-wrapping').sort()
  }

  /** `create` is what writing needs where nothing is yet. */
  allows(token: Token, operation: AskedOperation | 'create', path: string, facts: RequestFacts): boolean {
    if (token.policies.includes('root')) return true
    const rule = ruleOn(path, this.#documents(token), operation === 'list')
    if (rule === undefined || rule.capabilities.includes('deny')) return false
    if (needsSudo(path) && !rule.capabilities.includes('sudo')) return false
    // What needs no capability is allowed to root only: no policy can grant it.
    if (operation === 'header' || operation === 'none' || !rule.capabilities.includes(operation)) return false
    if (!wrappingAllowed(rule, facts.wrapSeconds)) return false
    return operation === 'list' || operation === 'delete' || parametersAllowed(rule, facts.fields)
  }

  /** Whether a token is root or has `sudo` on a path. */
  isSudo(token: Token, path: string): boolean {
    return token.policies.includes('root') || capabilitiesOn(path, this.#documents(token)).has('sudo')
  }

  /** As `sys/capabilities-self` shows it: `['root']`, `['deny']`, or a sorted list. */
  capabilities(token: Token, path: string): string[] {
    if (token.policies.includes('root')) return ['root']
    const found = [...capabilitiesOn(path.replace(/^\/+/, ''), this.#documents(token))].sort()
    return found.length === 0 ? ['deny'] : found
  }

  /** Whether a token may do anything at or below a folder. */
  reaches(token: Token, folder: string): boolean {
    if (token.policies.includes('root')) return true
    const isReached = ([pattern, rule]: [string, PathRule]): boolean => {
      const fixed = pattern.split(/[*+]/)[0]!
      return !rule.capabilities.includes('deny') && (fixed.startsWith(folder) || (fixed !== pattern && folder.startsWith(fixed)))
    }
    return this.#documents(token).some((rules) => Object.entries(rules).some(isReached))
  }

  /** A policy that does not exist allows nothing. */
  #documents(token: Token): PolicyDocument[] {
    return token.policies.map((name) => this.#policies.get(name)?.rules ?? {})
  }
}

function fromRules(rules: PolicyRules | PolicyDocument): Policy {
  const entries = Object.entries(rules as Record<string, readonly Capability[] | PathRule>)
  const document = Object.fromEntries(
    entries.map(([path, rule]) => [path, 'capabilities' in rule ? rule : { capabilities: rule }]),
  )
  return {
    rules: document,
    text: policyText(Object.fromEntries(Object.entries(document).map(([path, rule]) => [path, rule.capabilities]))),
  }
}

function wrappingAllowed({ minWrapSeconds = Infinity, maxWrapSeconds = 0 }: PathRule, seconds: number): boolean {
  if (maxWrapSeconds > 0 && (seconds === 0 || seconds > maxWrapSeconds)) return false
  const isBound = Number.isFinite(minWrapSeconds) && minWrapSeconds > 0
  return !isBound || seconds >= minWrapSeconds
}
