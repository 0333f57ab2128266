import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FakeSource, hang } from '../../support/fake-source'
import { away, bed, badPassword, HOUR, MINUTE } from './support'

async function running(options: Parameters<typeof bed>[0] = {}, prepare?: (b: ReturnType<typeof bed>) => void) {
  const all = bed(options)
  prepare?.(all)
  const { started } = await all.start()
  return { ...all, ...(await started()) }
}

describe('while the first source is away', () => {
  it('its credential serves until shortly before its end; then the next source takes over, before anything fails', async () => {
    const { clock, vault, glass, rotated, moves, credentials, user, end } = await running()
    await clock.advance(MINUTE)
    vault.cut()
    await clock.advance(HOUR - 2 * MINUTE - 1)
    expect([user(), glass.asked, moves]).toEqual(['user-1', 0, []])
    await clock.advance(1)
    expect(rotated).toEqual([[HOUR - MINUTE, 'lease-ending', 'glass']])
    expect(moves).toEqual([['fellBack', { from: 'vault', to: 'break-glass', cause: away }]])
    expect(credentials.status().health.reasons).toContain('fallback')
    await end()
  })

  it('a planned rotation that fails is no reason to leave it', async () => {
    const { clock, vault, glass, credentials, rotated, end } = await running({}, (b) => void (b.vault.renewable = false))
    vault.cut()
    await clock.advance(HOUR - 61_000)
    expect(credentials.status().failedRotations).toBeGreaterThan(10)
    expect([glass.asked, rotated]).toEqual([0, []])
    await expect(credentials.rotate()).rejects.toBe(away)
    await clock.advance(2_000)
    expect(rotated.map(([, , username]) => username)).toEqual(['glass'])
    await end()
  })

  it('a source that hangs is given up in time', async () => {
    const { clock, vault, rotated, end } = await running({}, (b) => void (b.vault.ttlMs = 40_000))
    vault.onIssue = vault.onRenew = (...args: unknown[]) => hang(args.at(-1) as AbortSignal)
    await clock.advance(40_000)
    const [atMs, reason, username] = rotated[0]!
    expect([reason, username]).toEqual(['lease-ending', 'glass'])
    expect(atMs).toBeLessThan(36_000)
    await end()
  })

  it.each([
    ['the database refuses its user', 'login-refused'],
    ['its lease is lost', 'lease-lost'],
  ])('the next source takes over at once when %s', async (_, reason) => {
    const { clock, vault, rotated, credentials, end } = await running()
    await clock.advance(MINUTE)
    vault.revoked.add('lease-1')
    vault.onIssue = () => Promise.reject(away)
    if (reason === 'login-refused') expect(await credentials.reportError(badPassword, 1)).toBe(true)
    else await clock.advance(HOUR - 10 * MINUTE)
    expect(rotated[0]).toEqual([expect.any(Number), reason, 'glass'])
    await end()
  })

  it('the next source takes over, too, when what the first gives cannot log in and the one of before is dead', async () => {
    const { clock, pool, credentials, user, moves, end } = await running()
    pool.onProbe = ({ username }) => {
      if (username !== 'glass') throw badPassword
      return 'logged-in'
    }
    void credentials.reportError(badPassword, 1)
    await clock.advance(15_000)
    expect(user()).toBe('glass')
    expect(moves[0]).toMatchObject(['fellBack', { cause: { message: 'What vault gave could not log in' } }])
    await end()
  })

  it('a break-glass user that cannot log in is not said to serve', async () => {
    const { clock, vault, pool, credentials, user, moves, end } = await running({}, (b) => void (b.vault.ttlMs = 4 * MINUTE))
    vault.cut()
    pool.onProbe = () => Promise.reject(badPassword)
    await clock.advance(4 * MINUTE - 1)
    expect([user(), moves]).toEqual(['user-1', []])
    expect(credentials.status().source).toBe('vault')
    await end()
  })
})

describe('when the first source is back', () => {
  async function fallen(prepare?: (b: ReturnType<typeof bed>) => void) {
    const all = await running({}, prepare)
    all.vault.cut()
    await all.clock.advance(HOUR)
    expect(all.user()).toBe('glass')
    all.calls.length = 0
    return all
  }

  it('it serves again within half a minute, and is asked for one credential', async () => {
    const { clock, vault, calls, user, moves, rotated, credentials, end } = await fallen()
    await clock.advance(HOUR)
    const asked = calls.length
    expect(asked).toBeLessThan(260)
    expect(credentials.status().health).toMatchObject({ state: 'degraded', reasons: ['source-failing', 'fallback'] })
    vault.restore()
    await clock.advance(30_000)
    expect(user()).toBe('user-2')
    expect(calls.slice(asked)).toEqual(['issue'])
    expect(rotated.at(-1)![1]).toBe('source-recovered')
    expect(moves.at(-1)).toEqual(['cameBack', { from: 'break-glass', to: 'vault' }])
    expect(credentials.status()).toMatchObject({ source: 'vault', health: { state: 'healthy', reasons: [] } })
    await clock.advance(HOUR)
    expect(moves).toHaveLength(2)
    await end()
  })

  it('its credential is given back, and the break-glass user serves on, where it cannot log in', async () => {
    const { clock, vault, calls, pool, user, moves, credentials, end } = await fallen()
    vault.restore()
    pool.onProbe = ({ username }) => {
      if (username !== 'glass') throw badPassword
      return 'logged-in'
    }
    await clock.advance(5 * MINUTE)
    expect(user()).toBe('glass')
    expect(moves).toHaveLength(1)
    const issued = calls.filter((call) => call === 'issue').length
    expect(issued).toBeLessThan(30)
    expect(calls.filter((call) => call.startsWith('revoke'))).toHaveLength(issued)
    pool.onProbe = undefined
    await clock.advance(MINUTE)
    expect(user()).not.toBe('glass')
    expect(credentials.status().health).toEqual({ state: 'healthy', reasons: [] })
    await end()
  })

  it('it is looked at as soon as it says that it has something', async () => {
    const { clock, vault, user, end } = await fallen()
    await clock.advance(10 * MINUTE)
    vault.restore()
    vault.host!.rotate('source-changed')
    await clock.advance(0)
    expect(user()).toBe('user-2')
    await end()
  })

  it('a rotation by hand goes back to it, or else takes the break-glass user once more', async () => {
    const { vault, user, credentials, end } = await fallen()
    await credentials.rotate()
    expect(user()).toBe('glass')
    vault.restore()
    await credentials.rotate()
    expect(user()).toBe('user-2')
    await end()
  })

  it('what it gave is given back when everything is closed before the rotation', async () => {
    const { clock, vault, calls, pool, credentials, end } = await fallen()
    pool.onProbe = (_, signal) => hang(signal)
    const rotating = credentials.rotate().catch(() => undefined) // with the break-glass user; its probe takes 5 s
    await clock.advance(100)
    vault.restore()
    vault.host!.rotate('source-changed')
    await clock.advance(100)
    calls.length = 0
    await end()
    await rotating
    expect(calls).toEqual(['revoke lease-2', 'close source'])
    expect(clock.pending).toBe(0)
  })
})

describe('two sources with leases', () => {
  it('renew, limit and take back their own, though their ids are the same', async () => {
    const all = bed()
    const { clock, vault } = all
    const secondCalls: string[] = []
    const second = new FakeSource(clock, secondCalls)
    second.description = 'second vault'
    second.ttlMs = 10 * MINUTE
    const { started } = await all.start({}, [vault, second])
    const { credentials, rotated, moves, end } = await started()
    vault.cut()
    await clock.advance(HOUR)
    expect(rotated.map(([, reason]) => reason)).toEqual(['lease-ending'])
    await clock.advance(HOUR)
    expect(secondCalls.filter((call) => call === 'renew lease-1').length).toBeGreaterThan(5)
    expect(credentials.status().source).toBe('second vault (fallback)')
    vault.restore()
    await clock.advance(MINUTE)
    expect(moves.at(-1)![0]).toBe('cameBack')
    expect(secondCalls).toContain('revoke lease-1')
    vault.limit = clock.nowMs() + 30_000
    expect(credentials.status()).toMatchObject({ endsInMs: 30_000, endsBecause: 'token' })
    await end()
    expect(secondCalls.at(-1)).toBe('close source')
  })
})

interface Role {
  ttlMs: number
  roleMaxTtlMs: number
  renewable: boolean
}

/** An app that lives through `outages`: when it was down, and which share of its lease was left each time it fell back. */
async function lived(role: Role, outages: readonly { afterMs: number; forMs: number }[], random: () => number) {
  const all = bed()
  Object.assign(all.vault, role)
  const { credentials, user, end } = await (await all.start({ random })).started()
  const down: number[] = []
  const shares: number[] = []
  let termMs = Math.min(role.ttlMs, role.roleMaxTtlMs)
  let leftMs = 0
  credentials.on('healthChanged', ({ to }) => void (to === 'down' && down.push(all.clock.nowMs())))
  credentials.on('renewed', ({ ttlMs }) => (termMs = ttlMs))
  credentials.on('issued', ({ ttlMs = termMs }) => (termMs = ttlMs))
  credentials.on('rotationStarted', () => (leftMs = credentials.status().endsInMs ?? 0))
  credentials.on('fellBack', () => shares.push(leftMs / Math.min(termMs, 4 * MINUTE)))
  for (const { afterMs, forMs } of outages) {
    await all.clock.advance(afterMs)
    all.vault.cut()
    await all.clock.advance(forMs)
    all.vault.restore()
  }
  await all.clock.advance(31_000)
  const last = user()
  await end()
  return { down, shares, last }
}

describe('any outages', () => {
  it('never leave the pools without a credential that has time left, while the break-glass user is there', async () => {
    const outage = fc.record({ afterMs: fc.integer({ min: 0, max: HOUR }), forMs: fc.integer({ min: 0, max: HOUR }) })
    const role = fc.record({
      ttlMs: fc.integer({ min: 10_000, max: HOUR }),
      roleMaxTtlMs: fc.integer({ min: 20_000, max: 2 * HOUR }),
      renewable: fc.boolean(),
    })
    const randoms = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }))
    let fallen = 0
    await fc.assert(
      fc.asyncProperty(role, fc.array(outage, { maxLength: 4 }), randoms, async (facts, outages, numbers) => {
        const { down, shares, last } = await lived(facts, outages, () => numbers.next().value as number)
        expect(down).toEqual([])
        for (const share of shares) expect(share).toBeGreaterThan(0.2)
        expect(last).toMatch(/^user-/)
        fallen += shares.length
      }),
      { numRuns: 25 },
    )
    expect(fallen).toBeGreaterThan(0)
  }, 120_000)
})
