import { describe, expect, it } from 'vitest'
import { Credential } from '../src/credential'
import { leasedPoolSettings, type LeasedPoolOptions } from '../src/leased-pool-options'
import { LedgerPool } from '../src/ledger-pool'
import { pin } from '../src/pin'
import type { DrainLimits, HeldConnection } from '../src/pool'
import { FakeClock, settled } from './support/fake-clock'

interface Wire {
  readonly id: string
}

function poolOf(options: LeasedPoolOptions = {}, max = 4, failing?: () => Promise<void>) {
  const clock = new FakeClock()
  const closes: string[] = []
  const pool = new LedgerPool<Wire>({
    settings: leasedPoolSettings({ clock, ...options }, 'app'),
    max,
    random: () => 0.5,
    driver: {
      probe: () => Promise.resolve(),
      close: (wire, how) => void closes.push(how === 'cut' ? `${wire.id} cut` : wire.id),
      forceClose: (wire) => {
        if (failing !== undefined) return failing()
        closes.push(`${wire.id} by force`)
        pool.ledger.closed(wire)
        return Promise.resolve()
      },
    },
  })
  const borrow = async (id: string, generation = 1): Promise<Wire> => {
    const wire = { id }
    await pool.ledger.slots.take()
    pool.ledger.opening(wire, generation)
    pool.ledger.opened(wire)
    pool.ledger.lend(wire)
    return wire
  }
  const idle = async (id: string, generation = 1): Promise<Wire> => {
    const wire = await borrow(id, generation)
    pool.ledger.giveBack(wire)
    return wire
  }
  return { clock, closes, pool, borrow, idle }
}

function limitsOf() {
  const deadline = new AbortController()
  const end = new AbortController()
  const told: [string, HeldConnection][] = []
  const limits: DrainLimits = {
    deadline: deadline.signal,
    end: end.signal,
    forced: (held) => void told.push(['forced', held]),
    kept: (held) => void told.push(['kept', held]),
  }
  return { deadline, end, told, limits }
}

const credential = (generation: number): Credential => new Credential(generation, `user-${generation}`, 'secret')

describe('idle connections of a replaced user', () => {
  it('are closed one after the other, as many a second as the pool may have', async () => {
    const { clock, closes, pool, idle } = poolOf()
    for (const id of ['a', 'b', 'c']) {
      await idle(id)
      await clock.advance(1)
    }
    pool.promote(credential(2))
    expect(closes).toEqual(['a'])
    await clock.advance(249)
    expect(closes).toEqual(['a'])
    await clock.advance(1)
    expect(closes).toEqual(['a', 'b'])
    await clock.advance(250)
    expect(closes).toEqual(['a', 'b', 'c'])
  })

  it('are closed as fast as drainPerSecond says', async () => {
    const { clock, closes, pool, idle } = poolOf({ drainPerSecond: 1 })
    await idle('a')
    await idle('b')
    pool.promote(credential(2))
    await clock.advance(999)
    expect(closes).toEqual(['a'])
    await clock.advance(1)
    expect(closes).toEqual(['a', 'b'])
  })

  it('are never lent meanwhile', async () => {
    const { closes, pool, idle } = poolOf()
    await idle('a')
    const second = await idle('b')
    pool.promote(credential(2))
    expect(pool.ledger.lend(second)).toBe('refused')
    expect(closes).toEqual(['a', 'b'])
  })

  it('are all closed at once when the last credential goes, and when the deadline comes', async () => {
    const { closes, pool, idle } = poolOf({ drainPerSecond: 0.001 })
    const all = [await idle('a'), await idle('b')]
    pool.promote(credential(2))
    all.push(await idle('c', 2))
    const first = limitsOf()
    void pool.drain(1, first.limits)
    expect(closes).toEqual(['a'])
    first.deadline.abort()
    await settled()
    expect(closes).toEqual(['a', 'b', 'a by force', 'b by force'])
    void pool.drain(2, limitsOf().limits)
    expect(closes).toContain('c')
  })
})

describe('a drain', () => {
  it('is over when its own generations are gone, whatever an earlier one waits for', async () => {
    const { pool, borrow } = poolOf()
    await borrow('long')
    pool.promote(credential(2))
    let first = false
    let second = false
    void pool.drain(1, limitsOf().limits).then(() => (first = true))
    const short = await borrow('short', 2)
    pool.promote(credential(3))
    void pool.drain(2, limitsOf().limits).then(() => (second = true))
    pool.ledger.giveBack(short)
    pool.ledger.closed(short)
    await settled()
    expect([first, second]).toEqual([false, true])
  })

  it('includes older generations that nobody has drained', async () => {
    const { pool, borrow } = poolOf()
    const wire = await borrow('kept')
    pool.promote(credential(2), { keepOlder: true })
    pool.promote(credential(3))
    let done = false
    void pool.drain(2, limitsOf().limits).then(() => (done = true))
    await settled()
    expect(done).toBe(false)
    expect(pool.ledger.giveBack(wire)).toBe(false)
    pool.ledger.closed(wire)
    await settled()
    expect(done).toBe(true)
  })
})

describe('a driver that fails at the deadline', () => {
  it.for([
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
  ] as const)('and %s has its connection cut', async ([, forceClose]) => {
    const { closes, pool, borrow } = poolOf({}, 4, forceClose)
    const wires = [await borrow('a'), await borrow('b')]
    const { deadline, told, limits } = limitsOf()
    const draining = pool.drain(1, limits)
    deadline.abort()
    await settled()
    expect(closes).toEqual(['a cut', 'b cut'])
    for (const wire of wires) pool.ledger.closed(wire)
    await draining
    expect(told).toHaveLength(2)
  })
})

describe('a pinned connection', () => {
  it('outlives the deadline, which is told, and not the end', async () => {
    const { clock, closes, pool, borrow } = poolOf()
    await borrow('plain')
    pin(await borrow('pinned'))
    pool.promote(credential(2))
    const { deadline, end, told, limits } = limitsOf()
    const draining = pool.drain(1, limits)
    await clock.advance(1_000)
    deadline.abort()
    await settled()
    expect(closes).toEqual(['plain by force'])
    expect(told).toEqual([
      ['kept', { generation: 1, borrowedMs: 1_000 }],
      ['forced', { generation: 1, borrowedMs: 1_000 }],
    ])
    end.abort()
    await draining
    expect(closes).toEqual(['plain by force', 'pinned by force'])
    expect(told.at(-1)).toEqual(['forced', { generation: 1, borrowedMs: 1_000 }])
  })

  it('is one like all others once it was given back, or is no longer pinned', async () => {
    const { closes, pool, borrow } = poolOf()
    const first = await borrow('returned')
    pin(first)
    pool.ledger.giveBack(first)
    pool.ledger.lend(first)
    const unpin = pin(await borrow('unpinned'))
    unpin()
    const { deadline, limits } = limitsOf()
    void pool.drain(1, limits)
    deadline.abort()
    await settled()
    expect(closes).toEqual(['returned by force', 'unpinned by force'])
  })

  it('is not unpinned by who borrowed it before', async () => {
    const { closes, pool, borrow } = poolOf()
    const wire = await borrow('again')
    const unpin = pin(wire)
    pool.ledger.giveBack(wire)
    pool.ledger.lend(wire)
    pin(wire)
    unpin()
    const { deadline, limits } = limitsOf()
    void pool.drain(1, limits)
    deadline.abort()
    await settled()
    expect(closes).toEqual([])
  })

  it('must be borrowed from a leased pool', async () => {
    const { idle } = poolOf()
    const expected = { code: 'ERR_OPTION', option: 'pin.connection', expected: 'a borrowed connection of a leased pool' }
    for (const wrong of [await idle('idle'), {}, null, undefined, 7]) {
      expect(() => pin(wrong as object)).toThrow(expect.objectContaining(expected))
    }
  })
})

describe('leakWarnMs', () => {
  it('reports once each connection that stays borrowed for longer, with where it was borrowed', async () => {
    const { clock, pool, borrow } = poolOf({ leakWarnMs: 1_000, captureStacks: true })
    const told: HeldConnection[] = []
    pool.attached({ leakSuspected: (held) => void told.push(held) })
    const first = await borrow('a')
    pool.ledger.lentTo(first, pool.askedHere())
    await clock.advance(600)
    const second = await borrow('b')
    await clock.advance(399)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toMatchObject([{ generation: 1, borrowedMs: 1_000, stack: expect.stringContaining('ledger-pool.test') }])
    await clock.advance(10_000)
    expect(told).toHaveLength(2)
    expect(told[1]).toEqual({ generation: 1, borrowedMs: 1_000 })
    pool.ledger.giveBack(second)
    pool.ledger.lend(second)
    await clock.advance(1_000)
    expect(told).toHaveLength(3)
    pool.ledger.giveBack(first)
    pool.ledger.giveBack(second)
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  it('has no stack unless it was asked for', () => {
    expect(poolOf().pool.askedHere()).toBeUndefined()
  })
})

describe('a check that is due when there were enough', () => {
  it('closes the connection instead', async () => {
    const { clock, closes, pool, idle } = poolOf()
    const wire = await idle('a')
    await clock.advance(501)
    expect(pool.ledger.lend(wire, false)).toBe('refused')
    expect(closes).toEqual(['a'])
  })
})
