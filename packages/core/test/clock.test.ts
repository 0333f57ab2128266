import { afterEach, describe, expect, it, vi } from 'vitest'
import { LONGEST_TIMER_MS, systemClock } from '../src/clock'
import { runWith } from './support/bundle'

afterEach(() => vi.restoreAllMocks())

describe('systemClock', () => {
  it('sleeps for no less than it was asked to', async () => {
    const startMs = systemClock.nowMs()
    await systemClock.sleep(20.5)
    expect(systemClock.nowMs() - startMs).toBeGreaterThanOrEqual(20.5)
  })

  it.each([0, -5])('resolves in a later turn for %d ms', async (ms) => {
    const order: string[] = []
    const slept = systemClock.sleep(ms).then(() => order.push('slept'))
    await Promise.resolve()
    order.push('this turn')
    await slept
    expect(order).toEqual(['this turn', 'slept'])
  })

  it.each([2 ** 31, 2 ** 31 + 1_000, 768 * 3_600_000, 10 * 365 * 24 * 3_600_000])(
    'sets no timer that Node cannot hold for %d ms',
    async (ms) => {
      const set = vi.spyOn(globalThis, 'setTimeout')
      const controller = new AbortController()
      const slept = systemClock.sleep(ms, controller.signal)
      expect(set.mock.calls.map(([, delay]) => delay)).toEqual([LONGEST_TIMER_MS])
      await new Promise((resolve) => setTimeout(resolve, 20)) // an overflowing timer would have fired after 1 ms
      controller.abort(new Error('enough'))
      await expect(slept).rejects.toThrow('enough')
    },
  )

  it('sleeps on when a piece of a long sleep is over', async () => {
    let nowMs = 0
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
    const set = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((ring: () => void, ms: number) => {
      nowMs += ms
      setImmediate(ring)
      return { unref: () => undefined }
    }) as never)
    await systemClock.sleep(LONGEST_TIMER_MS * 2 + 5)
    expect(set.mock.calls.map(([, delay]) => delay)).toEqual([LONGEST_TIMER_MS, LONGEST_TIMER_MS, 5])
  })

  it('rejects with the reason once its signal aborts, and lets go of its timer', async () => {
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    const controller = new AbortController()
    const slept = systemClock.sleep(60_000, controller.signal)
    const reason = new Error('stop')
    controller.abort(reason)
    await expect(slept).rejects.toBe(reason)
    expect(clear).toHaveBeenCalledTimes(1)
  })

  it('rejects at once with a signal that has aborted already', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    await expect(systemClock.sleep(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    expect(set).not.toHaveBeenCalled()
  })

  it('rejects with an Error even when the reason is none', async () => {
    await expect(systemClock.sleep(60_000, AbortSignal.abort('text'))).rejects.toBeInstanceOf(Error)
  })

  it('does not keep a process alive that sleeps for an hour', async () => {
    const printed = await runWith(
      'clock.ts',
      `
      const startMs = Date.now()
      process.on('exit', () => console.log(Date.now() - startMs < 5_000 ? 'ended at once' : 'waited'))
      void leasepool.systemClock.sleep(3_600_000)
    `,
    )
    expect(printed).toBe('ended at once\n')
  })
})
