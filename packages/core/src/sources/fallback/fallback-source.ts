import { Alarm } from '../../alarm'
import { isRefusal, mayPass, NoSourceError } from '../../errors'
import type { RotationReason } from '../../events'
import type { Lease } from '../../lease'
import { retryInMs } from '../../retry'
import { LeaseLostError, type CredentialSource, type IssuedCredential, type SourceHost } from '../../source'
import { FallbackMember } from './member'
import { Recovery, type Candidate } from './recovery'
import { DEAD_PATIENCE_MS, leaveAtMs, mayLeave, patienceMs, type InUse } from './rule'

/** Several sources as one: serves from the first that works. See `fallback`. */
export class FallbackSource implements CredentialSource {
  readonly #members: readonly FallbackMember[]
  readonly #afterMs: number
  readonly #beforeEndMs: number
  #host: SourceHost | undefined
  /** What each source is opened with: the same one every time, as sources may tell their users apart by it. */
  #hosts: readonly SourceHost[] = []
  /** Rings when the credential in use should have been renewed, and was not. */
  #leaving: Alarm | undefined
  #candidate: Candidate | undefined
  #inUse: { member: FallbackMember; lease: Lease | undefined; isDead: boolean } | undefined
  /** Looks for a better source while a lesser one serves. */
  #recovery: Recovery | undefined
  #startedAtMs: number | undefined
  /** What these gave last was not promoted: when it is urgent, others are tried first. */
  readonly #unproven = new Set<FallbackMember>()

  constructor(
    sources: readonly CredentialSource[],
    { afterMs = 10_000, beforeEndMs = 60_000 }: { afterMs?: number; beforeEndMs?: number },
  ) {
    this.#members = sources.map((source, index) => new FallbackMember(source, index))
    this.#afterMs = afterMs
    this.#beforeEndMs = beforeEndMs
  }

  get description(): string {
    const { index, source } = this.#inUse?.member ?? this.#members[0]!
    return index === 0 ? source.description : `${source.description} (fallback)`
  }

  get maxTtlMs(): number | undefined {
    return (this.#inUse?.member ?? this.#members[0]!).source.maxTtlMs
  }

  /** Opens none of the sources: that is part of trying them. */
  open(host: SourceHost): Promise<void> {
    this.#host = host
    this.#hosts = this.#members.map((member) => this.#hostOf(member, host))
    this.#leaving = new Alarm(host.clock, () => host.rotate('lease-ending'))
    return Promise.resolve()
  }

  async issue(signal: AbortSignal, reason: RotationReason): Promise<IssuedCredential> {
    const ready = this.#recovery?.take()
    if (ready !== undefined) return this.#offer(ready)
    if (this.#inUse !== undefined && (reason === 'login-refused' || reason === 'lease-lost')) this.#inUse.isDead = true
    this.#noteUnproven()
    const failures: unknown[] = []
    for (const member of this.#members) {
      if (failures.length > 0 && !this.#mayTake(member, reason)) break
      if (this.#unproven.has(member) && this.#isUrgent) {
        failures.push(new Error(`What ${member.source.description} gave could not log in`))
        continue
      }
      try {
        return this.#offer({ member, issued: await this.#ask(member, reason, signal), cause: failures[0] })
      } catch (cause) {
        signal.throwIfAborted()
        failures.push(cause)
      }
    }
    throw failures.length === 1 ? failures[0] : new NoSourceError(failures)
  }

  promoted(): void {
    const candidate = this.#candidate
    if (candidate === undefined) return
    const { member, issued } = candidate
    const before = this.#inUse?.member
    this.#candidate = undefined
    this.#unproven.clear()
    this.#inUse = { member, lease: issued.lease, isDead: false }
    this.#planLeaving()
    member.source.promoted?.()
    if (member !== before) this.#moved(before, candidate)
  }

  async renew(lease: Lease, signal: AbortSignal): Promise<Lease> {
    const member = this.#memberOf(lease)
    try {
      const renewed = await member.renew(lease, signal)
      if (this.#inUse?.lease?.id === lease.id) this.#inUse.lease = renewed
      this.#planLeaving()
      return renewed
    } catch (cause) {
      if (cause instanceof LeaseLostError && this.#inUse?.lease?.id === lease.id) this.#inUse.isDead = true
      throw cause
    }
  }

  revoke(lease: Lease, signal: AbortSignal): Promise<void> {
    return this.#memberOf(lease).revoke(lease, signal)
  }

  limitMs(lease: Lease): number | undefined {
    return this.#memberOf(lease).limitMs(lease)
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#leaving?.clear()
    await this.#recovery?.stop()
    await Promise.allSettled(this.#members.map((member) => member.close(signal)))
  }

  #noteUnproven(): void {
    if (this.#candidate !== undefined) this.#unproven.add(this.#candidate.member)
    this.#candidate = undefined
    if (this.#unproven.size === this.#members.length) this.#unproven.clear()
  }

  /** `undefined` before the first credential. */
  get #facts(): InUse | undefined {
    if (this.#inUse === undefined) return undefined
    const { isDead, lease } = this.#inUse
    if (lease === undefined) return { isDead, endsAtMs: undefined, termMs: 0 }
    const endsAtMs = Math.min(lease.endsAtMs, this.limitMs(lease) ?? Infinity)
    return { isDead, endsAtMs, termMs: lease.endsAtMs - lease.renewedAtMs }
  }

  get #nowMs(): number {
    return this.#host!.clock.nowMs()
  }

  /** The credential in use is about to end, or dead. */
  get #isUrgent(): boolean {
    const facts = this.#facts
    return facts !== undefined && mayLeave(facts, this.#beforeEndMs, this.#nowMs)
  }

  /** Whether `member` may take over now that every better one has failed. */
  #mayTake({ index }: FallbackMember, reason: RotationReason): boolean {
    if (this.#inUse === undefined || this.#isUrgent) return true
    const current = this.#inUse.member.index
    return index < current || (index === current && reason !== 'source-recovered')
  }

  /** At the start the first source is asked until `afterMs` have passed; any other time, once. */
  async #ask(member: FallbackMember, reason: RotationReason, signal: AbortSignal): Promise<IssuedCredential> {
    const host = this.#hosts[member.index]!
    const isLast = member.index === this.#members.length - 1
    const facts = this.#facts
    if (facts !== undefined || member.index > 0) {
      const withinMs = facts === undefined || isLast ? undefined : patienceMs(facts, this.#beforeEndMs, this.#nowMs)
      return member.issue(host, reason, signal, withinMs)
    }
    const untilMs = (this.#startedAtMs ??= this.#nowMs) + this.#afterMs
    for (let attempt = 1; ; attempt++) {
      try {
        const leftMs = untilMs - this.#nowMs
        return await member.issue(host, reason, signal, leftMs > 0 ? leftMs : DEAD_PATIENCE_MS)
      } catch (cause) {
        const leftMs = untilMs - this.#nowMs
        if (leftMs <= 0 || isRefusal(cause) || !mayPass(cause)) throw cause
        await host.clock.sleep(Math.min(leftMs, retryInMs(cause, attempt, leftMs, host.random())), signal)
      }
    }
  }

  #offer(candidate: Candidate): IssuedCredential {
    this.#candidate = candidate
    return candidate.issued
  }

  #planLeaving(): void {
    const facts = this.#facts
    const isLast = this.#inUse?.member.index === this.#members.length - 1
    const atMs = facts === undefined || isLast ? undefined : leaveAtMs(facts, this.#beforeEndMs)
    this.#leaving?.set(atMs)
  }

  /** Another source serves than before. Loudly: a start has no listeners yet, so that becomes a warning of the process. */
  #moved(before: FallbackMember | undefined, { member, cause }: Candidate): void {
    const host = this.#host!
    void this.#recovery?.stop()
    this.#recovery = undefined
    const from = (before ?? this.#members[0]!).source.description
    const to = member.source.description
    if (member.index === 0) {
      if (before !== undefined) host.report({ type: 'cameBack', event: { from, to } })
      return
    }
    const better = this.#members.slice(0, member.index)
    this.#recovery = new Recovery({ better, host, hostOf: (one) => this.#hosts[one.index]! })
    host.report({ type: 'fellBack', event: { from, to, cause } })
    if (before === undefined) process.emitWarning(`${from} failed at the start: ${to} serves instead`, 'LeasepoolWarning')
  }

  #memberOf(lease: Lease): FallbackMember {
    return this.#members.findLast((member) => member.issued(lease))!
  }

  /** Hears a member, and passes on what matters. */
  #hostOf(member: FallbackMember, host: SourceHost): SourceHost {
    return {
      clock: host.clock,
      random: () => host.random(),
      abandoned: (answer) => host.abandoned(answer.then((issued) => member.marked(issued))),
      // Whether one can be looked at matters where it serves; what happens to Vault tokens always does.
      report: (report) => {
        const isCheck = report.type === 'sourceCheckFailed' || report.type === 'sourceChecked'
        if (!isCheck || member === this.#inUse?.member) host.report(report)
      },
      rotate: (reason) => {
        if (this.#inUse === undefined || member === this.#inUse.member) host.rotate(reason)
        else if (member.index < this.#inUse.member.index) this.#recovery?.hint()
      },
    }
  }
}
