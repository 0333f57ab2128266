import { describe, expect, it } from 'vitest'
import { VaultRefusedError } from '../src/errors'
import type { Lease } from '../src/lease'
import { LeaseKeeper } from '../src/lease-keeper'
import { LeaseLostError, type CredentialSource } from '../src/source'
import { FakeClock, settled } from './support/fake-clock'
import { hang } from './support/fake-source'
import { leaseOf } from './support/leases'

const HOUR = 3_600_000
type Answer = (lease: Lease, nowMs: number, signal: AbortSignal) => Lease | Promise<Lease>

const extend: Answer = (lease, nowMs) => ({ ...lease, renewedAtMs: nowMs, endsAtMs: nowMs + lease.ttlMs })
const refuse: Answer = () => Promise.reject(new Error('Vault is away'))
const lose: Answer = () => Promise.reject(new LeaseLostError({ cause: undefined }))

/** A keeper whose source answers as the script says, its last line for ever. */
function keep(script: Answer[], facts: Partial<Lease> = {}, random = 0) {
  const clock = new FakeClock(0)
  const asked: number[] = []
  const told: string[] = []
  const retries: (number | undefined)[] = []
  const source: CredentialSource = {
    description: 'scripted',
    issue: () => Promise.reject(new Error('not asked for')),
    renew: async (lease, signal) => {
      const answer = script[Math.min(asked.length, script.length - 1)]!
      asked.push(clock.nowMs())
      return answer(lease, clock.nowMs(), signal)
    },
  }
  const keeper = new LeaseKeeper({
    source,
    clock,
    lease: leaseOf({ issuedAtMs: 0, ...facts }),
    random: () => random,
    tell: {
      renewed: (lease) => told.push(`renewed until ${lease.endsAtMs}`),
      renewFailed: ({ attempt, retryInMs }) => {
        told.push(`failed ${attempt}`)
        retries.push(retryInMs)
      },
      refused: (lease) => told.push(`refused, renewable ${lease.renewable}`),
      lost: () => told.push('lost'),
    },
  })
  return { clock, asked, told, retries, keeper }
}

describe('LeaseKeeper', () => {
  it('renews once two thirds of the ttl have passed, and not before', async () => {
    const { clock, asked, told, keeper } = keep([extend])
    await clock.advance(2_399_999)
    expect(asked).toEqual([])
    await clock.advance(1)
    expect(asked).toEqual([2_400_000])
    expect(told).toEqual(['renewed until 6000000'])
    expect(keeper.state).toBe('held')
    await clock.advance(2_400_000)
    expect(asked).toEqual([2_400_000, 4_800_000])
  })

  it('renews up to 10 % earlier by jitter', async () => {
    const { clock, asked } = keep([extend], {}, 0.999)
    await clock.advance(HOUR)
    expect(asked[0]).toBeGreaterThan(2_160_000)
    expect(asked[0]).toBeLessThan(2_165_000)
  })

  it('asks no more once it was refused for good, and says so', async () => {
    const no = new VaultRefusedError({ address: 'http://vault', method: 'POST', path: 'sys/leases/renew' }, 403, [
      'permission denied',
    ])
    const { clock, asked, told, retries, keeper } = keep([() => Promise.reject(no)])
    await clock.advance(HOUR / 2 + HOUR / 4)
    expect(asked).toHaveLength(1)
    expect(told).toEqual(['failed 1', 'refused, renewable false'])
    expect(retries).toEqual([undefined])
    expect(keeper.state).toBe('spent')
  })

  it('renews no more once an answer was truncated', async () => {
    const { clock, asked, keeper } = keep([
      (lease, nowMs) => ({ ...lease, renewedAtMs: nowMs, endsAtMs: nowMs + 60_000, truncated: true }),
    ])
    await clock.advance(10 * HOUR)
    expect(asked).toHaveLength(1)
    expect(keeper.state).toBe('spent')
    expect(clock.pending).toBe(0)
  })

  it.each([{ renewable: false }, { truncated: true }])('never renews a lease that is %o from the start', async (facts) => {
    const { clock, asked, keeper } = keep([extend], facts)
    await clock.advance(10 * HOUR)
    expect(asked).toEqual([])
    expect(keeper.state).toBe('spent')
  })

  it('tries again with growing pauses after a failure, then as planned', async () => {
    const { clock, asked, told, retries } = keep([refuse, refuse, refuse, extend])
    await clock.advance(2_400_000 + 10_000)
    expect(told).toEqual(['failed 1', 'failed 2', 'failed 3', `renewed until ${asked[3]! + HOUR}`])
    expect(retries).toEqual([125, 250, 500])
    expect(asked).toEqual([2_400_000, 2_400_125, 2_400_375, 2_400_875])
  })

  it('asks a source that fails for the whole life of a one-hour lease fewer than 130 times', async () => {
    const { clock, asked, told, retries } = keep([refuse])
    await clock.advance(HOUR)
    expect(asked.length).toBeGreaterThan(20)
    expect(asked.length).toBeLessThan(130)
    expect(asked.at(-1)!).toBeLessThan(HOUR)
    expect(asked.at(-1)!).toBeGreaterThan(HOUR - 1_000)
    expect(Math.min(...asked.slice(1).map((at, i) => at - asked[i]!))).toBeGreaterThanOrEqual(100)
    expect(told.slice(-2)).toEqual([`failed ${asked.length}`, 'lost'])
    expect(retries.at(-1)).toBeUndefined()
    await clock.advance(10 * HOUR)
    expect(asked.at(-1)!).toBeLessThan(HOUR)
  })

  it('says once that a lease is lost and asks no more', async () => {
    const { clock, asked, told, keeper } = keep([lose])
    await clock.advance(10 * HOUR)
    expect(asked).toHaveLength(1)
    expect(told).toEqual(['lost'])
    expect(keeper.state).toBe('ended')
  })

  it('starts no renewal after stop', async () => {
    const { clock, asked, told, keeper } = keep([extend])
    keeper.stop('revoked')
    await clock.advance(10 * HOUR)
    expect({ asked, told, pending: clock.pending, state: keeper.state }).toEqual({
      asked: [],
      told: [],
      pending: 0,
      state: 'ended',
    })
  })

  it('gives up a renewal in flight on stop, without a word', async () => {
    let aborted = false
    const { clock, told, keeper } = keep([
      (_lease, _nowMs, signal) => {
        signal.addEventListener('abort', () => (aborted = true))
        return hang(signal)
      },
    ])
    await clock.advance(2_400_000)
    expect(keeper.state).toBe('renewing')
    keeper.stop('expired')
    await clock.advance(HOUR)
    expect(aborted).toBe(true)
    expect(told).toEqual([])
  })

  it('ignores an answer that comes after stop', async () => {
    let answer: (lease: Lease) => void = () => undefined
    const { clock, told, keeper } = keep([() => new Promise<Lease>((resolve) => (answer = resolve))])
    await clock.advance(2_400_000)
    const before = keeper.lease
    keeper.stop('revoked')
    answer({ ...before, endsAtMs: 99 * HOUR })
    await settled()
    expect(keeper.lease).toBe(before)
    expect(told).toEqual([])
    expect(clock.pending).toBe(0)
  })

  it('starts one renewal only while one takes longer than the ttl', async () => {
    const { clock, asked } = keep([(_lease, _nowMs, signal) => hang(signal)])
    await clock.advance(10 * HOUR)
    expect(asked).toHaveLength(1)
  })

  it('asks nobody about a lease that ended while the process was stopped', async () => {
    const { clock, asked, told, keeper } = keep([extend])
    clock.jump(HOUR)
    await clock.advance(0)
    expect(told).toEqual(['lost'])
    expect(asked).toEqual([])
    expect(keeper.state).toBe('ended')
  })

  it('renews at once when it is told to, and only what can be renewed', async () => {
    const { asked, keeper } = keep([extend])
    expect(keeper.renewNow()).toBe(true)
    await settled()
    expect(asked).toEqual([0])
    expect(keep([extend], { renewable: false }).keeper.renewNow()).toBe(false)
    expect(keep([extend], { truncated: true }).keeper.renewNow()).toBe(false)
  })
})
