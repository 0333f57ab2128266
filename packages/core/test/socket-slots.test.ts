import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SocketSlots } from '../src/socket-slots'
import { settled } from './support/fake-clock'

describe('SocketSlots', () => {
  it('gives slots at once up to max, then in the order of asking', async () => {
    const slots = new SocketSlots(2)
    const served: string[] = []
    await slots.take()
    await slots.take()
    for (const name of ['a', 'b', 'c']) void slots.take().then(() => served.push(name))
    await settled()
    expect({ served: [...served], taken: slots.taken, waiting: slots.isWaiting }).toEqual({ served: [], taken: 2, waiting: true })
    slots.giveBack()
    slots.giveBack()
    await settled()
    expect(served).toEqual(['a', 'b'])
    expect(slots.taken).toBe(2)
  })

  it('lets `first` go before everybody who waits', async () => {
    const slots = new SocketSlots(1)
    const served: string[] = []
    await slots.take()
    void slots.take().then(() => served.push('waiting'))
    void slots.take({ first: true }).then(() => served.push('first'))
    slots.giveBack()
    await settled()
    expect(served).toEqual(['first'])
  })

  it('rejects with the reason of the signal, and the next in line moves up', async () => {
    const slots = new SocketSlots(1)
    await slots.take()
    const controller = new AbortController()
    const left = slots.take({ signal: controller.signal })
    const stays = slots.take()
    const reason = new Error('no longer')
    controller.abort(reason)
    await expect(left).rejects.toBe(reason)
    slots.giveBack()
    await expect(stays).resolves.toBeUndefined()
    expect(slots.taken).toBe(1)
  })

  it('takes nothing for a signal that has aborted before', async () => {
    const slots = new SocketSlots(1)
    await expect(slots.take({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
    expect(slots.taken).toBe(0)
  })

  it('keeps a slot that was given although the signal aborts later', async () => {
    const slots = new SocketSlots(1)
    await slots.take()
    const controller = new AbortController()
    const got = slots.take({ signal: controller.signal })
    const other = slots.take()
    slots.giveBack()
    controller.abort(new Error('too late'))
    await expect(got).resolves.toBeUndefined()
    slots.giveBack()
    await expect(other).resolves.toBeUndefined()
  })

  it('never exceeds max, loses no slot, and serves in order whatever the sequence', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), first: fc.boolean() }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('giveBack' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), nth: fc.nat(5) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), async (max, steps) => {
        const slots = new SocketSlots(max)
        const held: number[] = []
        const outcome: number[] = []
        let line: number[] = [] // the model: who waits, in order
        const aborts = new Map<number, AbortController>()
        for (const [id, now] of steps.entries()) {
          if (now.do === 'take') {
            const controller = new AbortController()
            aborts.set(id, controller)
            if (held.length < max) held.push(id)
            else if (now.first) line.unshift(id)
            else line.push(id)
            void slots.take({ first: now.first, signal: controller.signal }).then(
              () => outcome.push(id),
              () => outcome.push(-id),
            )
          } else if (now.do === 'giveBack' && held.length > 0) {
            held.shift()
            if (line.length > 0) held.push(line.shift()!)
            slots.giveBack()
          } else if (now.do === 'abort') {
            const id = line[now.nth]
            if (id === undefined) continue
            line = line.filter((one) => one !== id)
            aborts.get(id)!.abort(new Error('left'))
          }
          expect(slots.taken).toBe(held.length)
          expect(slots.taken).toBeLessThanOrEqual(max)
          expect(slots.isWaiting).toBe(line.length > 0)
        }
        await settled()
        for (const id of held) expect(outcome).toContain(id)
        for (const id of line) expect(outcome).not.toContain(id)
      }),
      { numRuns: 200 },
    )
  })
})
