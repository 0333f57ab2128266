import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionLedger } from '../src/connection-ledger'
import { FakeClock, settled } from './support/fake-clock'

interface Wire {
  readonly id: string
}

async function ledgerOf(max = 3, pingBypassMs = 500) {
  const clock = new FakeClock()
  const closes: string[] = []
  const farewells: string[] = []
  const close = ({ id }: Wire, how: string): void => {
    closes.push(id)
    farewells.push(how)
  }
  const ledger = new ConnectionLedger<Wire>({ max, clock, pingBypassMs, close })
  /** Logs in, and leaves it ready. */
  const open = async (id: string, generation = 1): Promise<Wire> => {
    const wire = { id }
    await ledger.slots.take()
    ledger.opening(wire, generation)
    ledger.opened(wire)
    return wire
  }
  const idle = async (id: string, generation = 1): Promise<Wire> => {
    const wire = await open(id, generation)
    ledger.lend(wire)
    ledger.giveBack(wire)
    return wire
  }
  return { clock, closes, farewells, ledger, open, idle }
}

type Ledger = Pick<ConnectionLedger<Wire>, 'upTo'>
const entryOf = (ledger: Ledger, wire: Wire) => ledger.upTo(Infinity).find(([other]) => other === wire)?.[1]
const generationOf = (ledger: Ledger, wire: Wire): number | undefined => entryOf(ledger, wire)?.generation
const isGone = (ledger: Ledger, wire: Wire): boolean => (entryOf(ledger, wire)?.state ?? 'closing') === 'closing'

describe('lending', () => {
  it('lends a new connection without a ping, however long ago it was opened', async () => {
    const { clock, ledger, open } = await ledgerOf()
    const wire = await open('a')
    await clock.advance(10_000)
    expect(ledger.lend(wire)).toBe('lent')
    expect(ledger.count('borrowed')).toBe(1)
  })

  it('asks for a ping once a connection was idle for longer than the bypass', async () => {
    const { clock, ledger, idle } = await ledgerOf()
    const wire = await idle('a')
    await clock.advance(500)
    expect(ledger.lend(wire)).toBe('lent')
    ledger.giveBack(wire)
    await clock.advance(501)
    expect(ledger.lend(wire)).toBe('ping')
  })

  it('refuses and closes an idle connection that became stale while its pool picked it', async () => {
    const { closes, ledger, idle, open } = await ledgerOf()
    const wire = await open('a')
    ledger.lend(wire)
    ledger.retireGenerations(1)
    expect(ledger.giveBack(wire)).toBe(false)
    expect(ledger.lend(wire)).toBe('refused')
    expect(closes).toEqual(['a'])
    expect(ledger.lend(await idle('b', 2))).toBe('lent')
  })

  it('lends a login that a rotation overtook once, and closes it when it comes back', async () => {
    const { closes, ledger } = await ledgerOf()
    const wire = { id: 'a' }
    await ledger.slots.take()
    ledger.opening(wire, 1)
    ledger.retireGenerations(1)
    ledger.opened(wire)
    expect(ledger.lend(wire)).toBe('lent')
    expect(closes).toEqual([])
    expect(ledger.giveBack(wire)).toBe(false)
    expect(closes).toEqual(['a'])
  })

  it('closes a login that a rotation overtook when nobody borrows it at once', async () => {
    const { clock, closes, ledger } = await ledgerOf()
    const wire = { id: 'a' }
    await ledger.slots.take()
    ledger.opening(wire, 1)
    ledger.retireGenerations(1)
    ledger.opened(wire)
    await clock.advance(0)
    expect(closes).toEqual(['a'])
  })

  it('refuses one that is closing, and one that is gone', async () => {
    const { ledger, idle } = await ledgerOf()
    const wire = await idle('a')
    ledger.retire(wire)
    expect([ledger.lend(wire), isGone(ledger, wire)]).toEqual(['refused', true])
    ledger.closed(wire)
    expect([ledger.lend(wire), isGone(ledger, wire), generationOf(ledger, wire)]).toEqual(['refused', true, undefined])
  })
})

describe('retiring', () => {
  it('closes idle and unused connections of retired generations at once, and no other', async () => {
    const { closes, ledger, idle, open } = await ledgerOf(5)
    const borrowed = await open('borrowed')
    ledger.lend(borrowed)
    await idle('idle')
    await open('ready')
    await idle('newer', 2)
    ledger.retireGenerations(1)
    expect(closes).toEqual(['idle', 'ready'])
    expect(ledger.count('stale')).toBe(3)
    expect(ledger.giveBack(borrowed)).toBe(false)
    expect(closes).toEqual(['idle', 'ready', 'borrowed'])
  })

  it('never makes a retired generation current again', async () => {
    const { ledger, idle } = await ledgerOf()
    ledger.retireGenerations(3)
    ledger.retireGenerations(1)
    const wire = await idle('a', 2)
    expect(isGone(ledger, wire)).toBe(true)
  })

  it('closes each connection once and gives its slot back once', async () => {
    const { closes, ledger, idle } = await ledgerOf()
    const wire = await idle('a')
    ledger.retire(wire)
    ledger.retire(wire)
    expect(ledger.closing(wire)).toBe(false)
    expect({ closes: [...closes], taken: ledger.slots.taken }).toEqual({ closes: ['a'], taken: 1 })
    ledger.closed(wire)
    ledger.closed(wire)
    expect(ledger.slots.taken).toBe(0)
  })

  it('retires with a failed ping all that were idle for as long or longer, and none that came back later', async () => {
    const { clock, closes, ledger, idle } = await ledgerOf(4)
    await idle('longer')
    await clock.advance(1_000)
    const pinged = await idle('pinged')
    await idle('as long')
    await clock.advance(1)
    await idle('later')
    await clock.advance(1_000)
    expect(ledger.lend(pinged)).toBe('ping')
    ledger.pingFailed(pinged, 'goodbye')
    expect(closes.toSorted()).toEqual(['as long', 'longer', 'pinged'])
  })
})

describe('a farewell', () => {
  it('is a goodbye in general, and after a ping without an answer a cut for all that go with it', async () => {
    const { clock, farewells, ledger, idle } = await ledgerOf()
    ledger.retire(await idle('a'))
    const pinged = await idle('b')
    await idle('c')
    await clock.advance(1_000)
    ledger.lend(pinged)
    ledger.pingFailed(pinged, 'cut')
    expect(farewells).toEqual(['goodbye', 'cut', 'cut'])
  })
})

describe('drained', () => {
  it('resolves only when logins under way and sockets that close are gone too', async () => {
    const { ledger, idle } = await ledgerOf()
    const login = { id: 'login' }
    await ledger.slots.take()
    ledger.opening(login, 1)
    const wire = await idle('a')
    await idle('newer', 2)
    let drained = false
    ledger.retireGenerations(1)
    void ledger.drained(1).then(() => (drained = true))
    ledger.closed(wire)
    await settled()
    expect(drained).toBe(false)
    ledger.retire(login)
    await settled()
    expect(drained).toBe(false)
    ledger.closed(login)
    await settled()
    expect(drained).toBe(true)
  })

  it('resolves at once when there is nothing to wait for', async () => {
    const { ledger, idle } = await ledgerOf()
    await idle('a', 2)
    await expect(ledger.drained(1)).resolves.toBeUndefined()
  })
})

describe('a slot for a probe', () => {
  it('takes a free one and closes nothing', async () => {
    const { closes, ledger, idle } = await ledgerOf(2)
    await idle('a')
    await ledger.takeSlotForProbe(new AbortController().signal)
    expect({ closes, taken: ledger.slots.taken }).toEqual({ closes: [], taken: 2 })
  })

  it('closes the longest idle connection when all are taken, and goes before those who wait', async () => {
    const { clock, closes, ledger, idle, open } = await ledgerOf(2)
    const order: string[] = []
    const later = await open('opened first, idle later')
    const first = await idle('longest')
    await clock.advance(1)
    ledger.lend(later)
    ledger.giveBack(later)
    void ledger.slots.take().then(() => order.push('app'))
    void ledger.takeSlotForProbe(new AbortController().signal).then(() => order.push('probe'))
    expect(closes).toEqual(['longest'])
    await settled()
    expect(order).toEqual([])
    ledger.closed(first)
    await settled()
    expect(order).toEqual(['probe'])
  })

  it('closes the next connection that comes back when all are borrowed, and only that', async () => {
    const { closes, ledger, open } = await ledgerOf(2)
    const [a, b] = [await open('a'), await open('b')]
    ledger.lend(a)
    ledger.lend(b)
    const slot = ledger.takeSlotForProbe(new AbortController().signal)
    expect(ledger.giveBack(b)).toBe(false)
    expect(ledger.giveBack(a)).toBe(true)
    expect(closes).toEqual(['b'])
    ledger.closed(b)
    await expect(slot).resolves.toBeUndefined()
  })

  it('closes nothing once the probe has given up', async () => {
    const { closes, ledger, open } = await ledgerOf(1)
    const wire = await open('a')
    ledger.lend(wire)
    const controller = new AbortController()
    const slot = ledger.takeSlotForProbe(controller.signal)
    controller.abort(new Error('no longer'))
    await expect(slot).rejects.toThrow('no longer')
    expect(ledger.giveBack(wire)).toBe(true)
    expect(closes).toEqual([])
  })

  it('waits for a socket that is closing instead of closing another one', async () => {
    const { closes, ledger, idle } = await ledgerOf(2)
    const closing = await idle('closing')
    await idle('idle')
    ledger.retire(closing)
    const slot = ledger.takeSlotForProbe(new AbortController().signal)
    ledger.closed(closing)
    await slot
    expect(closes).toEqual(['closing'])
  })
})

it('counts by state', async () => {
  const { ledger, idle, open } = await ledgerOf(5)
  const opening = { id: 'opening' }
  await ledger.slots.take()
  ledger.opening(opening, 2)
  await open('ready')
  await idle('idle')
  ledger.lend(await open('borrowed'))
  ledger.retire(await idle('closing'))
  expect((['opening', 'ready', 'idle', 'borrowed', 'closing', 'stale'] as const).map((state) => ledger.count(state))).toEqual([
    1, 1, 1, 1, 1, 0,
  ])
  expect(ledger.upTo(1).map(([{ id }]) => id)).not.toContain('opening')
})

it('holds its promises whatever the order of operations', async () => {
  const step = fc.tuple(
    fc.constantFrom(
      'open',
      'open',
      'opened',
      'lend',
      'lend',
      'giveBack',
      'giveBack',
      'retire',
      'closed',
      'closed',
      'ping',
      'rotate',
      'probe',
      'abort',
      'turn',
    ),
    fc.nat(20),
  )
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), async (max, steps) => {
      const clock = new FakeClock()
      const closedOnce = new Set<Wire>()
      const open = new Set<Wire>() // sockets that exist
      const everIdle = new Set<Wire>()
      const generations = new Map<Wire, number>()
      let generation = 1
      let retiredUpTo = 0
      let probes = 0
      let asking: AbortController | undefined
      const close = (wire: Wire): void => {
        expect(closedOnce.has(wire)).toBe(false)
        closedOnce.add(wire)
      }
      const ledger = new ConnectionLedger<Wire>({ max, clock, pingBypassMs: 500, close })
      for (const [index, [what, nth]] of steps.entries()) {
        await clock.advance(what === 'turn' ? nth * 100 : 0)
        const wire = [...open][nth % Math.max(1, open.size)]
        const state = wire && ledger.upTo(Infinity).find(([one]) => one === wire)?.[1].state
        if (what === 'open' && ledger.slots.taken < max) {
          const fresh = { id: String(index) }
          await ledger.slots.take()
          ledger.opening(fresh, generation)
          open.add(fresh)
          generations.set(fresh, generation)
        } else if (what === 'opened' && wire) ledger.opened(wire)
        else if (what === 'lend' && wire && (state === 'ready' || state === 'idle')) {
          const stale = generations.get(wire)! <= retiredUpTo
          if (ledger.lend(wire) !== 'refused') expect(stale && everIdle.has(wire)).toBe(false)
        } else if (what === 'giveBack' && wire && state === 'borrowed') {
          everIdle.add(wire)
          const kept = ledger.giveBack(wire)
          expect(kept).toBe(!isGone(ledger, wire))
        } else if (what === 'ping' && wire && state === 'borrowed') ledger.pingFailed(wire, 'goodbye')
        else if (what === 'retire' && wire) ledger.retire(wire)
        else if (what === 'closed' && wire && (closedOnce.has(wire) || nth % 5 === 0)) {
          open.delete(wire)
          ledger.closed(wire)
          ledger.closed(wire)
        } else if (what === 'rotate') {
          ledger.retireGenerations(generation)
          retiredUpTo = generation++
        } else if (what === 'probe' && asking === undefined) {
          asking = new AbortController()
          ledger.takeSlotForProbe(asking.signal).then(
            () => (probes += 1),
            () => undefined,
          )
        } else if (what === 'abort' && asking !== undefined) {
          asking.abort(new Error('given up'))
          asking = undefined
          await settled()
          for (; probes > 0; probes--) ledger.slots.giveBack()
        }
        await settled()
        expect(ledger.slots.taken).toBe(open.size + probes)
        expect(ledger.slots.taken).toBeLessThanOrEqual(max)
        const staleIdle = ledger.upTo(retiredUpTo).filter(([, entry]) => entry.state === 'idle')
        expect(staleIdle).toEqual([])
      }
      await clock.advance(0)
      expect(ledger.upTo(retiredUpTo).filter(([, entry]) => entry.state === 'ready')).toEqual([])
      let drained = false
      void ledger.drained(retiredUpTo).then(() => (drained = true))
      for (const wire of open) if (generations.get(wire)! <= retiredUpTo) ledger.closed(wire)
      await settled()
      expect(drained).toBe(true)
    }),
    { numRuns: 300 },
  )
})
