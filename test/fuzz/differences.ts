import type { Answer } from '../conformance/client'
import { isAccepted } from './accepted'
import type { FuzzRequest } from './requests'
import { detailOf, shapeOf } from './shape'

/** Requests of one route and method that were answered differently in one way. */
export interface Difference {
  readonly method: string
  readonly route: string
  /** The shapes, the real server's first. */
  readonly real: string
  readonly dev: string
  count: number
  /** One of the requests, and the answers to it. */
  readonly example: string
}

/** Collects answers that differ, in groups that a person can work through. */
export class Differences {
  readonly #groups = new Map<string, Difference>()
  readonly #details = new Map<string, Difference>()

  /** Compares two answers to one request. */
  add(request: FuzzRequest, real: Answer, dev: Answer): void {
    const shapes = { real: shapeOf(real), dev: shapeOf(dev) }
    if (shapes.real !== shapes.dev) return count(this.#groups, request, shapes, [real, dev])
    const details = { real: detailOf(real), dev: detailOf(dev) }
    if (details.real !== details.dev) count(this.#details, request, details, [real, dev])
  }

  /** Answers of one shape that differ in texts or in the names of their data: for reading, not for judging. */
  details(): Difference[] {
    return sorted(this.#details)
  }

  /** The most frequent first. */
  all(): Difference[] {
    return sorted(this.#groups)
  }

  /** Those that no reviewed entry covers. */
  unexplained(): Difference[] {
    return this.all().filter((difference) => !isAccepted(difference))
  }
}

function count(
  groups: Map<string, Difference>,
  request: FuzzRequest,
  what: Pick<Difference, 'real' | 'dev'>,
  [real, dev]: readonly [Answer, Answer],
): void {
  const { method, route } = request
  const key = [method, route, what.real, what.dev].join(' ')
  const known = groups.get(key)
  if (known) known.count += 1
  else groups.set(key, { method, route, ...what, count: 1, example: example(request, real, dev) })
}

function sorted(groups: ReadonlyMap<string, Difference>): Difference[] {
  return [...groups.values()].sort((one, other) => other.count - one.count)
}

function example(request: FuzzRequest, real: Answer, dev: Answer): string {
  const path = request.path.map((part) => (typeof part === 'string' ? part : `<${part.ref}>`)).join('')
  const token = typeof request.token === 'string' ? request.token : `<${request.token.ref}>`
  const sent = [request.method, path, `as ${token}`, JSON.stringify(request.headers), JSON.stringify(request.body) ?? '']
  return `${sent.join(' ')}\n    real: ${cut(real)}\n    dev:  ${cut(dev)}`
}

/** Secrets of a test server that lives for seconds; cut for the reader's sake. */
function cut({ status, body }: Answer): string {
  return `${status} ${(JSON.stringify(body) ?? '').slice(0, 300)}`
}

/** Text for a person: one group after the other. */
export function report(differences: readonly Difference[]): string {
  return differences
    .map(
      ({ method, route, real, dev, count, example }) =>
        `${count} × ${method} ${route}\n  real ${real}\n  dev  ${dev}\n  ${example}`,
    )
    .join('\n\n')
}
