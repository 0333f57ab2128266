import type { IssuedCredential, SourceHost } from '../../source'
import { TimeLimit } from '../../time-limit'
import { SourceChecks } from '../source-checks'
import type { FallbackMember } from './member'

/** A better source is looked at this long after a lesser one took over, in ms; up to as much later by jitter. */
const FIRST_LOOK_MS = 1_000
/** A credential that a better source gave is asked for again after so long, in ms: it may have failed to log in. */
const NEXT_LOOK_MS = 60_000
/** How long giving back a credential that nobody needs may take, in ms. */
const REVOKE_MS = 3_000

/** A credential that a member gave, and what was wrong with the better ones. */
export interface Candidate {
  readonly member: FallbackMember
  readonly issued: IssuedCredential
  readonly cause: unknown
}

/** While a lesser source serves: looks whether a better one is back, gets a credential from it, and asks for the rotation to it. */
export class Recovery {
  readonly #better: readonly FallbackMember[]
  readonly #host: SourceHost
  readonly #hostOf: (member: FallbackMember) => SourceHost
  readonly #checks: SourceChecks
  #ready: Candidate | undefined

  /** `better` are the sources before the one that serves, in their order. */
  constructor(options: { better: readonly FallbackMember[]; host: SourceHost; hostOf: (member: FallbackMember) => SourceHost }) {
    this.#better = options.better
    this.#host = options.host
    this.#hostOf = options.hostOf
    const source = this.#better[0]!.source.description
    this.#checks = new SourceChecks({ source, host: this.#host, check: (signal) => this.#look(signal) })
    this.#checks.plan(FIRST_LOOK_MS * (1 + this.#host.random()))
  }

  /** A better one may be back. */
  hint(): void {
    this.#checks.now()
  }

  /** What a better source gave, for the rotation that was asked for. Once. */
  take(): Candidate | undefined {
    const ready = this.#ready
    this.#ready = undefined
    return (ready?.issued.lease?.endsAtMs ?? Infinity) > this.#host.clock.nowMs() ? ready : undefined
  }

  /** Stops looking, and gives back what nobody has taken. Never rejects. */
  async stop(): Promise<void> {
    this.#checks.stop()
    const ready = this.take()
    if (ready !== undefined) await this.#giveBack(ready)
  }

  async #look(signal: AbortSignal): Promise<number> {
    if (this.#ready !== undefined) return NEXT_LOOK_MS
    let first: { readonly cause: unknown } | undefined
    for (const member of this.#better) {
      try {
        const issued = await member.issue(this.#hostOf(member), 'source-recovered', signal)
        const found: Candidate = { member, issued, cause: first?.cause }
        if (signal.aborted) await this.#giveBack(found)
        else this.#found(found)
        return NEXT_LOOK_MS
      } catch (cause) {
        signal.throwIfAborted()
        first ??= { cause }
      }
    }
    throw first?.cause
  }

  #found(ready: Candidate): void {
    this.#ready = ready
    this.#host.rotate('source-recovered')
  }

  async #giveBack({ member, issued }: Candidate): Promise<void> {
    if (issued.lease === undefined) return
    const limit = new TimeLimit(this.#host.clock, REVOKE_MS)
    await member.revoke(issued.lease, limit.signal).catch(() => undefined)
    limit.clear()
  }
}
