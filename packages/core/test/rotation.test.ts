import { describe, expect, it } from 'vitest'
import { ProbeError, VaultRefusedError, VaultUnavailableError } from '../src/errors'
import { LeaseLostError, type IssuedCredential } from '../src/source'
import { settled, type FakeClock } from './support/fake-clock'
import { FakePool } from './support/fake-pool'
import { hang } from './support/fake-source'
import { started } from './support/handle'

const HOUR = 3_600_000
const request = { address: 'http://vault', method: 'POST', path: 'sys/leases/revoke' }
const noEvents = (calls: string[]): string[] => calls.filter((call) => !call.startsWith('event'))

/** Its logins take `ms`. */
class SlowPool extends FakePool {
  constructor(clock: FakeClock, ms: number) {
    super('slow')
    this.onProbe = async (_, signal) => {
      await clock.sleep(ms, signal)
      return 'logged-in' as const
    }
  }
}

describe('the five steps', () => {
  it('issues, probes, promotes, drains and revokes, in this order', async () => {
    const { calls, clock, credentials } = await started({ pools: ['a', 'b'] })
    await credentials.rotate()
    await clock.advance(0)
    expect(noEvents(calls)).toEqual([
      'issue',
      'probe a 2',
      'probe b 2',
      'promote a 2',
      'promote b 2',
      'drain a 1',
      'drain b 1',
      'revoke lease-1',
    ])
    expect(calls.filter((call) => call.startsWith('event'))).toEqual([
      'event rotationStarted',
      'event issued',
      'event rotated',
      'event drained',
      'event revoked',
    ])
    expect(credentials.current().generation).toBe(2)
  })

  it('sets no alarm for a credential that has drained, whatever the next rotation finds it doing', async () => {
    const { clock, credentials, source } = await started()
    const pending = clock.pending
    let give = (): void => undefined
    source.onRevoke = () => new Promise((resolve) => (give = resolve))
    await credentials.rotate()
    await clock.advance(0)
    const first = give
    await credentials.rotate() // the first is being given back
    await clock.advance(0)
    for (const each of [first, give]) each()
    await clock.advance(0)
    expect(credentials.status().draining).toEqual([])
    expect(clock.pending).toBe(pending)
  })

  it('promotes all pools in one turn, with the credential swapped before', async () => {
    const { credentials, pools, calls } = await started({ pools: ['a', 'b'] })
    let between: unknown
    const promote = pools[0]!.promote.bind(pools[0]!)
    pools[0]!.promote = (credential) => {
      promote(credential)
      queueMicrotask(() => (between = noEvents(calls).filter((call) => call.startsWith('promote')).length))
      expect(credentials.current()).toBe(credential)
    }
    await credentials.rotate()
    expect(between).toBe(2)
  })

  it('neither drains nor revokes where only the password is new', async () => {
    const issue = (): Promise<IssuedCredential> =>
      Promise.resolve({ username: 'static', password: 'next', keepsConnections: true })
    const { calls, clock, credentials, pool } = await started({ prepare: (source) => void (source.issue = issue) })
    await credentials.rotate('source-changed')
    await clock.advance(0)
    expect(noEvents(calls)).toEqual(['probe a 2', 'promote a 2'])
    expect(pool.keptOlder).toBe(true)
    expect(credentials.status().draining).toEqual([])
  })

  it('replaces connections all the same where the user is another one, or the one before has a lease', async () => {
    const { calls, clock, credentials, pool, source } = await started()
    for (const username of ['user-1', 'static', 'other']) {
      calls.length = 0
      source.issue = () => Promise.resolve({ username, password: 'next', keepsConnections: true })
      await credentials.rotate('source-changed')
      await clock.advance(0)
      expect(pool.keptOlder).toBe(false)
      expect(noEvents(calls)).toContain(`drain a ${credentials.generation - 1}`)
    }
  })

  it('shares one rotation between callers', async () => {
    const { calls, credentials, of } = await started()
    await Promise.all([credentials.rotate(), credentials.rotate(), credentials.rotate()])
    expect(calls.filter((call) => call === 'issue')).toHaveLength(1)
    expect(of('rotated')).toHaveLength(1)
    await credentials.rotate()
    expect(credentials.current().generation).toBe(3)
  })
})

describe('a candidate that cannot log in', () => {
  it('is revoked without draining anybody, while the current one serves on', async () => {
    const { calls, clock, credentials, pool, of } = await started({ probeTimeoutMs: 1_000 })
    pool.onProbe = () => Promise.reject(new Error('password authentication failed'))
    const rotating = credentials.rotate()
    const failure = expect(rotating).rejects.toMatchObject({
      code: 'ERR_PROBE',
      pool: 'a',
      generation: 2,
      cause: { message: /authentication/ },
    })
    await clock.advance(2_000)
    await failure
    await expect(rotating).rejects.toBeInstanceOf(ProbeError)
    expect(credentials.current().generation).toBe(1)
    const done = noEvents(calls)
    expect(done.at(-1)).toBe('revoke lease-2')
    expect(done.filter((call) => /drain|promote/.test(call))).toEqual([])
    expect(of('probeFailed').map(({ event }) => event.attempt)).toEqual(of('probeFailed').map((_, index) => index + 1))
    expect(of('probeFailed').length).toBeGreaterThan(2)
    expect(of('rotationFailed').map(({ event }) => [event.generation, event.reason])).toEqual([[1, 'manual']])
  })

  it('is tried again while it propagates', async () => {
    const { clock, credentials, pool, of } = await started()
    let attempts = 0
    pool.onProbe = () => {
      if ((attempts += 1) < 3) throw new Error('not there yet')
      return 'logged-in' as const
    }
    const rotating = credentials.rotate()
    await clock.advance(1_000)
    await rotating
    expect(of('probeFailed')).toHaveLength(2)
    expect(pool.promoted).toEqual([2])
  })

  it('fails at its time limit when the login hangs', async () => {
    const { clock, credentials, pool } = await started({ probeTimeoutMs: 1_000 })
    pool.onProbe = (_, signal) => hang(signal)
    const failure = expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_PROBE', attempts: 1 })
    await clock.advance(999)
    expect(credentials.status().isRotating).toBe(true)
    await clock.advance(1)
    await failure
  })

  it('does not stop the rotation when there is no slot to try it with', async () => {
    const { credentials, pool, of } = await started()
    pool.onProbe = () => 'no-slot'
    await credentials.rotate()
    expect(of('probeSkipped').map(({ event }) => event)).toEqual([{ pool: 'a', generation: 2, waitedMs: 0 }])
    expect(credentials.current().generation).toBe(2)
  })

  it('since its lease ended while it was on its way is not promoted, and given back', async () => {
    const { clock, credentials, source, calls } = await started({ probeTimeoutMs: 10_000 })
    source.ttlMs = 1_000
    source.renewable = false
    credentials.attach(new SlowPool(clock, 2_000))
    const rotating = credentials.rotate().catch((error: unknown) => error)
    await clock.advance(3_000)
    expect(await rotating).toBeInstanceOf(LeaseLostError)
    expect(credentials.current().generation).toBe(1)
    expect(calls).toContain('revoke lease-2')
  })

  it('gets a generation of its own: the next one is not mixed up with it', async () => {
    const { clock, credentials, pool } = await started({ probeTimeoutMs: 1 })
    pool.onProbe = () => Promise.reject(new Error('no'))
    await Promise.all([expect(credentials.rotate()).rejects.toThrow(), clock.advance(10)])
    pool.onProbe = undefined
    await credentials.rotate()
    expect(credentials.current().generation).toBe(3)
  })
})

describe('draining', () => {
  it('revokes only after the last connection is gone, and reports no force', async () => {
    const { calls, clock, credentials, pool, of } = await started()
    pool.busy = true
    await credentials.rotate()
    await clock.advance(60_000)
    expect(calls).not.toContain('revoke lease-1')
    expect(credentials.status().draining).toEqual([1])
    pool.finish()
    await clock.advance(0)
    expect(calls.slice(-3)).toEqual(['event drained', 'revoke lease-1', 'event revoked'])
    expect(of('drained').map(({ event }) => event)).toEqual([{ generation: 1, reason: 'idle', waitedMs: 60_000 }])
    expect(credentials.status().draining).toEqual([])
  })

  it('waits for every pool', async () => {
    const { calls, clock, credentials, pools } = await started({ pools: ['a', 'b'] })
    pools[1]!.busy = true
    await credentials.rotate()
    await clock.advance(1_000)
    expect(calls).not.toContain('revoke lease-1')
    pools[1]!.finish()
    await clock.advance(0)
    expect(calls).toContain('revoke lease-1')
  })

  it('renews the old lease while it drains, and stops when it is given back', async () => {
    const { calls, clock, credentials, pool } = await started({ drainDeadlineMs: 10 * HOUR })
    pool.busy = true
    await credentials.rotate()
    await clock.advance(2 * HOUR - 1)
    expect(calls.filter((call) => call === 'renew lease-1')).toHaveLength(2)
    pool.finish()
    await clock.advance(5 * HOUR)
    expect(calls.filter((call) => call === 'renew lease-1')).toHaveLength(2)
  })

  it('closes by force after drainDeadlineMs while the old lease can be renewed', async () => {
    const { clock, credentials, pool, of } = await started({ drainDeadlineMs: 2 * HOUR })
    pool.busy = true
    await credentials.rotate()
    await clock.advance(2 * HOUR - 1)
    expect(of('connectionForced')).toEqual([])
    await clock.advance(1)
    expect(of('connectionForced').map(({ event }) => event)).toEqual([{ pool: 'a', generation: 1, borrowedMs: 1 }])
    expect(of('drained').map(({ event }) => event)).toEqual([{ generation: 1, reason: 'deadline', waitedMs: 2 * HOUR }])
  })

  it('closes by force before the end of an old lease that cannot be renewed', async () => {
    const prepare = (source: { renewable: boolean }): void => void (source.renewable = false)
    const { clock, credentials, pool, of } = await started({ prepare, drainDeadlineMs: 10 * HOUR })
    pool.busy = true
    await credentials.rotate()
    await clock.advance(HOUR)
    expect(of('connectionForced')[0]?.atMs).toBe(HOUR - 5_000)
  })

  it('closes by force before the end of the token that issued the old lease', async () => {
    const { clock, credentials, source, pool, of } = await started()
    source.limit = 60_000
    pool.busy = true
    await credentials.rotate()
    await clock.advance(60_000)
    expect(of('connectionForced')[0]?.atMs).toBe(55_000)
  })

  it('moves the deadline when the end of the token becomes known during the drain', async () => {
    const { clock, credentials, source, pool, of } = await started()
    pool.busy = true
    await credentials.rotate()
    await clock.advance(1_000)
    source.limit = 60_000
    source.host!.rotate('token-ending')
    await clock.advance(60_000)
    expect(of('connectionForced').map(({ event, atMs }) => [event.generation, atMs])).toEqual([
      [1, 55_000],
      [2, 55_000],
    ])
  })
})

describe('giving back', () => {
  it('says once that it may not, and does not try again', async () => {
    const { calls, clock, credentials, source, of } = await started()
    source.onRevoke = () => {
      throw new VaultRefusedError(request, 403, ['permission denied'])
    }
    await credentials.rotate()
    await clock.advance(10 * HOUR)
    expect(calls.filter((call) => call === 'revoke lease-1')).toHaveLength(1)
    expect(of('revokeFailed').map(({ event }) => [event.generation, event.endsInMs])).toEqual([[1, HOUR]])
    expect(of('revoked')).toEqual([])
  })

  it('tries again while Vault is away', async () => {
    const { clock, credentials, source, of } = await started()
    let failures = 3
    source.onRevoke = () => {
      if (failures-- > 0) throw new VaultUnavailableError(request, 'away')
    }
    await credentials.rotate()
    await clock.advance(5_000)
    expect(of('revoked')).toHaveLength(1)
    expect(of('revokeFailed')).toEqual([])
  })

  it('stops trying when the lease has ended by itself', async () => {
    const { calls, clock, credentials, source, of } = await started()
    source.onRevoke = () => Promise.reject(new VaultUnavailableError(request, 'away'))
    await credentials.rotate()
    await clock.advance(HOUR)
    expect(of('revokeFailed')).toHaveLength(1)
    const tried = calls.filter((call) => call === 'revoke lease-1').length
    expect(tried).toBeLessThan(300)
    await clock.advance(HOUR)
    expect(calls.filter((call) => call === 'revoke lease-1')).toHaveLength(tried)
  })
})

it('swaps nothing while the candidate is still being probed', async () => {
  const { clock, credentials, pool } = await started()
  let answer: () => void = () => undefined
  pool.onProbe = () => new Promise((resolve) => (answer = () => resolve('logged-in')))
  const rotating = credentials.rotate()
  await settled()
  expect([credentials.current().generation, pool.promoted]).toEqual([1, []])
  answer()
  await rotating
  await clock.advance(0)
  expect([credentials.current().generation, pool.promoted]).toEqual([2, [2]])
})

it('goes on when a pool throws at promote: the others follow, and the old credential is given back', async () => {
  const warned: string[] = []
  const listen = (warning: Error): void => void warned.push(warning.message)
  process.on('warning', listen)
  const { credentials, pools, calls } = await started({ pools: ['bad', 'good'] })
  pools[0]!.promote = () => {
    throw new Error('not today')
  }
  await credentials.rotate()
  await settled()
  expect(pools[1]!.promoted).toEqual([2])
  expect(calls).toContain('revoke lease-1')
  await new Promise((resolve) => setImmediate(resolve)) // warnings come in a later turn
  process.off('warning', listen)
  expect(warned).toEqual(['Pool bad threw at promote: not today'])
})

it('waits for the drain deadline when a pool cannot say that it has drained, and then gives back', async () => {
  const { clock, credentials, pool, calls } = await started({ drainDeadlineMs: 60_000 })
  pool.drain = () => Promise.reject(new Error('no idea'))
  await credentials.rotate()
  await clock.advance(59_999)
  expect(calls).not.toContain('revoke lease-1')
  await clock.advance(1)
  expect(calls).toContain('revoke lease-1')
})

it('stops probing everywhere once one pool has failed', async () => {
  const { clock, credentials, pools } = await started({ pools: ['slow', 'bad'], probeTimeoutMs: 1_000 })
  let aborted = false
  pools[0]!.onProbe = (_, signal) => {
    signal.addEventListener('abort', () => (aborted = true), { once: true })
    return hang(signal)
  }
  pools[1]!.onProbe = () => Promise.reject(new Error('refused'))
  const rotated = credentials.rotate()
  const failed = expect(rotated).rejects.toBeInstanceOf(ProbeError)
  await clock.advance(999) // before the time limit, which would abort it too
  await failed
  expect(aborted).toBe(true)
})

it('is not held up for ever by a pool whose probe never settles', async () => {
  const { clock, credentials, pool } = await started({ probeTimeoutMs: 1_000 })
  pool.onProbe = () => new Promise(() => undefined)
  const failed = expect(credentials.rotate()).rejects.toBeInstanceOf(ProbeError)
  await clock.advance(3_001)
  await failed
  expect(credentials.status().isRotating).toBe(false)
})
