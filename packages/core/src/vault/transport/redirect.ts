import type { HttpAnswer } from './http'

/** Looks up the state of a server, without a token. */
export type ReadHealth = (origin: string) => Promise<HttpAnswer | undefined>

/**
 * Where a standby's redirect (307) leads: the token goes there, so only to a server that we were given, or that is of the same cluster as the
 * one that names it; never from https to http, and never to another path. Returns why not, where it is not followed.
 */
export class Redirects {
  readonly #given: readonly string[]
  readonly #readHealth: ReadHealth
  /** Found to be of the same cluster: from which to which. */
  readonly #known = new Set<string>()

  constructor(given: readonly string[], readHealth: ReadHealth) {
    this.#given = given
    this.#readHealth = readHealth
  }

  async target(from: URL, location: string | undefined): Promise<{ readonly url: URL } | { readonly problem: string }> {
    if (location === undefined || !URL.canParse(location, from.href)) return { problem: 'without a place to go' }
    const to = new URL(location, from)
    if (from.protocol === 'https:' && to.protocol !== 'https:') return { problem: 'from https: to something else' }
    if (to.protocol !== 'https:' && to.protocol !== 'http:') return { problem: 'to something that is not HTTP' }
    if (to.pathname !== from.pathname) return { problem: 'to another path' }
    if (!(await this.#isOfOurs(from.origin, to.origin))) {
      return { problem: `to ${to.origin}, which is neither among the addresses nor of the same cluster` }
    }
    return { url: new URL(to.origin + from.pathname + from.search) }
  }

  async #isOfOurs(from: string, to: string): Promise<boolean> {
    if (this.#given.includes(to) || this.#known.has(`${from} ${to}`)) return true
    const [one, other] = await Promise.all([this.#clusterOf(from), this.#clusterOf(to)])
    if (one === undefined || one !== other) return false
    this.#known.add(`${from} ${to}`)
    return true
  }

  async #clusterOf(origin: string): Promise<string | undefined> {
    const answer = await this.#readHealth(origin)
    try {
      const { cluster_id: id } = JSON.parse(answer?.text ?? '') as { cluster_id?: unknown }
      return typeof id === 'string' && id !== '' ? id : undefined
    } catch {
      return undefined
    }
  }
}
