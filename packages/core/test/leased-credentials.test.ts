import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { ClosedError, VaultRefusedError, VaultUnavailableError } from '../src/errors'
import { LeasedCredentials } from '../src/leased-credentials'
import { LeaseLostError } from '../src/source'
import { FakeClock } from './support/fake-clock'
import { FakePool } from './support/fake-pool'
import { FakeSource, hang } from './support/fake-source'
import { started } from './support/handle'

const HOUR = 3_600_000
const away = new VaultUnavailableError({ address: 'http://vault', method: 'GET', path: 'database/creds/app' }, 'away')
const refused = new VaultRefusedError({ address: 'http://vault', method: 'GET', path: 'database/creds/app' }, 403, [
  'permission denied',
])

describe('start', () => {
  it('tries again while the source is away, and then serves', async () => {
    const clock = new FakeClock(0)
    const source = new FakeSource(clock)
    let failures = 3
    source.onIssue = () => {
      if (failures-- > 0) throw away
    }
    const starting = LeasedCredentials.start(source, { clock, random: () => 0 })
    await clock.advance(5_000)
    expect((await starting).current().username).toBe('user-1')
    expect(source.calls.filter((call) => call === 'issue')).toHaveLength(4)
  })

  it('rejects after startTimeoutMs with the last failure, and closes the source', async () => {
    const clock = new FakeClock(0)
    const source = new FakeSource(clock)
    source.onIssue = () => Promise.reject(away)
    const starting = LeasedCredentials.start(source, { clock, startTimeoutMs: 2_000 })
    const failure = expect(starting).rejects.toMatchObject({ code: 'ERR_START_TIMEOUT', source: 'fake', cause: away })
    await clock.advance(2_000)
    await failure
    expect(source.calls).toContain('close source')
    expect(clock.pending).toBe(0)
  })

  it('rejects at startTimeoutMs when the source hangs', async () => {
    const clock = new FakeClock(0)
    const source = new FakeSource(clock)
    source.onIssue = (signal) => hang(signal)
    const failure = expect(LeasedCredentials.start(source, { clock, startTimeoutMs: 2_000 })).rejects.toMatchObject({
      code: 'ERR_START_TIMEOUT',
      attempts: 1,
      waitedMs: 2_000,
    })
    await clock.advance(2_000)
    await failure
  })

  it('rejects with what the last whole attempt failed with when the limit cuts another one off', async () => {
    const clock = new FakeClock(0)
    const source = new FakeSource(clock)
    let attempts = 0
    source.onIssue = (signal) => (++attempts === 1 ? Promise.reject(away) : hang(signal))
    const starting = LeasedCredentials.start(source, { clock, startTimeoutMs: 2_000 })
    const failure = expect(starting).rejects.toMatchObject({ code: 'ERR_START_TIMEOUT', attempts: 2, cause: away })
    await clock.advance(2_000)
    await failure
  })

  it('rejects at once when the source refuses', async () => {
    const clock = new FakeClock(0)
    const source = new FakeSource(clock)
    source.onIssue = () => Promise.reject(refused)
    await expect(LeasedCredentials.start(source, { clock })).rejects.toBe(refused)
    expect(clock.pending).toBe(0)
  })

  it.each([
    [{ rotateFraction: 1 }, 'LeasedCredentials.rotateFraction'],
    [{ drainDeadlineMs: -1 }, 'LeasedCredentials.drainDeadlineMs'],
    [{ probeTimeoutMs: 0 }, 'LeasedCredentials.probeTimeoutMs'],
    [{ startTimeoutMs: '5s' }, 'LeasedCredentials.startTimeoutMs'],
    [{ databaseClockAheadMs: -1 }, 'LeasedCredentials.databaseClockAheadMs'],
    [{ closeTimeoutMs: Infinity }, 'LeasedCredentials.closeTimeoutMs'],
    [{ clock: Date }, 'LeasedCredentials.clock'],
    [{ random: 0.5 }, 'LeasedCredentials.random'],
    [{ drainDeadlinMs: 5 }, 'LeasedCredentials.drainDeadlinMs'],
  ])('refuses %o before anything is asked for', async (options, option) => {
    const source = new FakeSource(new FakeClock())
    await expect(LeasedCredentials.start(source, options as object)).rejects.toMatchObject({ code: 'ERR_OPTION', option })
    expect(source.calls).toEqual([])
  })
})

describe('when it rotates', () => {
  it('rotates at once when a renewal is truncated, and from then on at half of the max_ttl it has learned', async () => {
    const { clock, of } = await started({ prepare: (source) => void (source.roleMaxTtlMs = 4 * HOUR) })
    await clock.advance(12 * HOUR)
    const [first, second, third] = of('rotated')
    expect(first!.event.reason).toBe('max-ttl')
    expect(first!.atMs).toBe(of('renewed').find(({ event }) => event.truncated)!.atMs)
    expect(first!.atMs).toBe(200 * 60_000)
    expect(second!.atMs - first!.atMs).toBe(2 * HOUR)
    expect(third!.atMs - second!.atMs).toBe(2 * HOUR)
  })

  it('rotates a lease that cannot be renewed at two thirds of its life', async () => {
    const { clock, of } = await started({ prepare: (source) => void (source.renewable = false) })
    await clock.advance(2_400_000 - 1)
    expect(of('rotated')).toEqual([])
    await clock.advance(1)
    expect(of('rotated').map(({ event }) => event.reason)).toEqual(['not-renewable'])
  })

  it('does not run hot when every lease is truncated at issue', async () => {
    const { clock, of } = await started({ prepare: (source) => void (source.roleMaxTtlMs = HOUR / 2) })
    await clock.advance(10 * HOUR)
    expect(of('rotated')).toHaveLength(40)
  })

  it('rotates at once, with a third of the lease left, when renewing it is refused for good', async () => {
    const { clock, source, of } = await started()
    source.onRenew = () => Promise.reject(refused)
    await clock.advance(2_400_000)
    expect(of('rotated').map(({ event, atMs }) => [event.reason, atMs])).toEqual([['not-renewable', 2_400_000]])
    await clock.advance(2_400_000)
    expect(of('rotated')).toHaveLength(2)
    expect(of('renewFailed')).toHaveLength(2)
  })

  it('rotates at once when the lease is lost', async () => {
    const { clock, source, of } = await started()
    source.onRenew = (lease) => {
      if (lease.id === 'lease-1') throw new LeaseLostError({ cause: undefined })
    }
    await clock.advance(2_400_000)
    expect(of('rotated').map(({ event, atMs }) => [event.reason, atMs])).toEqual([['lease-lost', 2_400_000]])
  })

  it('rotates when the source says that its token ends, after a rotation that is under way', async () => {
    const { clock, credentials, source, of } = await started()
    const manual = credentials.rotate()
    source.host!.rotate('token-ending')
    await manual
    await clock.advance(0)
    expect(of('rotated').map(({ event }) => event.reason)).toEqual(['manual', 'token-ending'])
  })

  it('spreads instances by jitter, up to 10 % earlier', async () => {
    const at = async (jitter: number): Promise<number> => {
      const { clock, of } = await started({ random: () => jitter, prepare: (source) => void (source.renewable = false) })
      await clock.advance(2_400_000)
      return of('rotated')[0]!.atMs
    }
    expect(await at(0)).toBe(2_400_000)
    expect(await at(0.5)).toBe(2_280_000)
    expect(await at(0.999)).toBeLessThan(2_163_000)
  })
})

describe('while Vault is away', () => {
  it('serves on, tries with growing pauses, and heals', async () => {
    const { clock, credentials, source, of } = await started({ random: () => 0.999, prepare: (s) => void (s.renewable = false) })
    source.onIssue = () => Promise.reject(away)
    await clock.advance(2_400_000 + 120_000)
    expect(credentials.current().generation).toBe(1)
    const pauses = of('rotationFailed').map(({ event }) => event.retryInMs!)
    expect(pauses.length).toBeGreaterThan(7)
    for (const [i, pause] of pauses.slice(1, 7).entries()) expect(pause).toBeGreaterThan(pauses[i]! * 1.9)
    expect(of('rotationFailed').map(({ event }) => event.attempt)).toEqual(pauses.map((_, i) => i + 1))
    expect(credentials.status().failedRotations).toBe(pauses.length)
    source.onIssue = undefined
    await clock.advance(30_000)
    expect(credentials.current().generation).toBe(2)
    expect(credentials.status().failedRotations).toBe(0)
  })

  it('asks fewer than 7 500 times in ten hours, also after the credential has ended', async () => {
    const { clock, calls, source } = await started({ prepare: (s) => void (s.renewable = false) })
    source.onIssue = () => Promise.reject(away)
    await clock.advance(10 * HOUR)
    const asked = calls.filter((call) => call === 'issue').length
    expect(asked).toBeGreaterThan(600)
    expect(asked).toBeLessThan(7_500)
  })

  it('asks rarely from the first time when it is refused', async () => {
    const { clock, source, of } = await started({ prepare: (s) => void (s.renewable = false) })
    source.onIssue = () => Promise.reject(refused)
    await clock.advance(2_400_000)
    expect(of('rotationFailed')[0]!.event.retryInMs).toBe(15_000)
  })
})

describe('status', () => {
  it('tells what there is, and holds no secret', async () => {
    const { clock, credentials } = await started()
    await clock.advance(1_000)
    expect(credentials.status()).toMatchObject({
      state: 'serving',
      generation: 1,
      username: 'user-1',
      endsInMs: HOUR - 1_000,
      endsBecause: 'lease',
      ageMs: 1_000,
    })
    expect(inspect(credentials, { showHidden: true, depth: Infinity }) + JSON.stringify(credentials.status())).not.toContain(
      'password-of',
    )
  })

  it('counts the end of a lease by the clock of a database that runs ahead', async () => {
    const { clock, credentials, pool, of } = await started({
      databaseClockAheadMs: 30_000,
      drainDeadlineMs: HOUR,
      prepare: (s) => void (s.renewable = false),
    })
    expect(credentials.status()).toMatchObject({ endsInMs: HOUR - 30_000, endsBecause: 'lease' })
    pool.busy = true
    await clock.advance(HOUR)
    expect(of('connectionForced')[0]!.atMs).toBe(HOUR - 30_000 - 5_000)
  })

  it('says when the token ends before the lease', async () => {
    const { credentials, source } = await started()
    source.limit = 5_000
    expect(credentials.status()).toMatchObject({ endsInMs: 5_000, endsBecause: 'token' })
  })

  it('says that max_ttl ends a truncated lease', async () => {
    const { credentials } = await started({ prepare: (s) => void (s.roleMaxTtlMs = 60_000) })
    expect(credentials.status()).toMatchObject({
      endsInMs: 60_000,
      endsBecause: 'max-ttl',
      maxTtlMs: 60_000,
      rotatesInMs: 30_000,
    })
  })
})

describe('attach', () => {
  it('moves a pool no more once it is detached', async () => {
    const { credentials, calls } = await started({ pools: [] })
    const detach = credentials.attach(new FakePool('b', calls))
    detach()
    await credentials.rotate()
    expect(calls.filter((call) => call.includes(' b '))).toEqual([])
  })
})

it('goes on when a listener throws', async () => {
  const { credentials } = await started()
  const warnings: Error[] = []
  const hear = (warning: Error): void => void (warning.name === 'LeasepoolWarning' && warnings.push(warning))
  process.on('warning', hear)
  credentials.on('rotated', () => {
    throw new Error('from a listener')
  })
  await credentials.rotate()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', hear)
  expect(credentials.current().generation).toBe(2)
  expect(warnings.map(({ message }) => message)).toEqual(['A listener of "rotated" threw: from a listener'])
})

describe('a start that failed', () => {
  it('leaves nothing behind that asks the source', async () => {
    const clock = new FakeClock(0)
    const source = new FakeSource(clock)
    source.onIssue = () => Promise.reject(away)
    const failed = expect(LeasedCredentials.start(source, { clock, random: () => 0, startTimeoutMs: 2_000 })).rejects.toThrow()
    await clock.advance(500)
    source.host!.rotate('token-ending')
    await clock.advance(2_000)
    await failed
    const asked = source.calls.length
    source.host!.rotate('token-ending')
    await clock.advance(600_000)
    expect(source.calls.length).toBe(asked)
    expect(clock.pending).toBe(0)
  })
})

describe('close', () => {
  it('drains, revokes, closes the source, and says so, in this order', async () => {
    const { calls, credentials } = await started()
    await credentials.close()
    expect(calls).toEqual(['drain a 1', 'event drained', 'revoke lease-1', 'event revoked', 'close source', 'event closed'])
    expect(credentials.status().state).toBe('closed')
  })

  it('does it once however often it is called', async () => {
    const { credentials, of } = await started()
    const first = credentials.close()
    expect(credentials.close()).toBe(first)
    await first
    await credentials.close()
    expect(of('closed')).toHaveLength(1)
  })

  it('leaves no timer and rotates no more', async () => {
    const { clock, calls, credentials } = await started()
    await credentials.close()
    expect(clock.pending).toBe(0)
    await clock.advance(48 * HOUR)
    expect(calls).not.toContain('issue')
  })

  it('refuses every use afterwards', async () => {
    const { credentials } = await started()
    const closing = credentials.close()
    expect(() => credentials.current()).toThrow(ClosedError)
    expect(() => credentials.attach(new FakePool('late'))).toThrow(ClosedError)
    await expect(credentials.rotate()).rejects.toBeInstanceOf(ClosedError)
    await closing
  })

  it('closes borrowed connections by force after closeTimeoutMs', async () => {
    const { clock, credentials, pool, of } = await started({ closeTimeoutMs: 3_000 })
    pool.busy = true
    const closing = credentials.close()
    await clock.advance(2_999)
    expect(of('connectionForced')).toEqual([])
    await clock.advance(1)
    await closing
    expect(of('closed')[0]!.event.waitedMs).toBe(3_000)
  })

  it('shortens a drain that is under way', async () => {
    const { clock, credentials, pool, of } = await started({ closeTimeoutMs: 3_000 })
    pool.busy = true
    await credentials.rotate()
    pool.busy = true
    const closing = credentials.close()
    await clock.advance(3_000)
    await closing
    expect(of('drained').map(({ event }) => event.generation)).toEqual([1, 2])
    expect(of('revoked').map(({ event }) => event.generation)).toEqual([1, 2])
  })

  it('gives up an issue in flight', async () => {
    const { credentials, source, of } = await started()
    source.onIssue = (signal) => hang(signal)
    const rotating = expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await credentials.close()
    await rotating
    expect(of('revoked').map(({ event }) => event.generation)).toEqual([1])
  })

  it('revokes a candidate that is issued after all, and never promotes it', async () => {
    const { credentials, source, pool, of } = await started()
    let answer: () => void = () => undefined
    source.onIssue = () => new Promise((resolve) => (answer = resolve))
    const rotating = expect(credentials.rotate()).rejects.toThrow()
    const closing = credentials.close()
    answer()
    await Promise.all([rotating, closing])
    expect(pool.promoted).toEqual([])
    expect(new Set(of('revoked').map(({ event }) => event.generation))).toEqual(new Set([1, 2]))
  })

  it('gives up a probe in flight and revokes the candidate', async () => {
    const { credentials, pool, of } = await started()
    pool.onProbe = (_, signal) => hang(signal)
    const rotating = expect(credentials.rotate()).rejects.toThrow()
    await new Promise((resolve) => setImmediate(resolve))
    await credentials.close()
    await rotating
    expect(new Set(of('revoked').map(({ event }) => event.generation))).toEqual(new Set([1, 2]))
  })

  it.each(['hangs', 'fails'])('ends within its limits when giving back %s', async (how) => {
    const { clock, credentials, source, of } = await started({ closeTimeoutMs: 3_000 })
    source.onRevoke = (_, signal) => (how === 'hangs' ? hang(signal) : Promise.reject(away))
    source.onClose = () => new Promise(() => undefined)
    const closing = credentials.close()
    await clock.advance(20_000)
    await closing
    expect(of('revokeFailed')).toHaveLength(1)
    // 3 s for connections, 10 s for closing them by force and giving back, 5 s for the source.
    expect(of('closed')[0]!.event.waitedMs).toBeLessThanOrEqual(18_000)
  })

  it('tells what giving back failed with, not that the last attempt was cut off', async () => {
    const { clock, credentials, source, of } = await started({ closeTimeoutMs: 3_000 })
    source.onRevoke = (_, signal) => (signal.aborted ? Promise.reject(new Error('cut off')) : Promise.reject(away))
    const closing = credentials.close()
    await clock.advance(20_000)
    await closing
    expect(of('revokeFailed').map(({ event }) => event.cause)).toEqual([away])
  })

  it('ends within its limits when a pool never finishes draining', async () => {
    const { clock, credentials, pool, of } = await started({ closeTimeoutMs: 3_000 })
    pool.drain = () => new Promise(() => undefined)
    void credentials.close()
    await clock.advance(20_000)
    expect(of('closed')).toHaveLength(1)
  })

  it('gives the source time to close even when connections get none', async () => {
    const { clock, credentials, source } = await started({ closeTimeoutMs: 0 })
    let closed = false
    source.onClose = async (signal) => {
      await clock.sleep(100, signal)
      closed = true
    }
    const closing = credentials.close()
    await clock.advance(1_000)
    await closing
    expect(closed).toBe(true)
  })
})
