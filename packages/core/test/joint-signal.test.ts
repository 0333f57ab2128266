import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { JointSignal } from '../src/joint-signal'

describe('JointSignal', () => {
  it('aborts with the first of its sources, and with the reason of that one', () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const { signal } = new JointSignal(first.signal, second.signal)
    expect(signal.aborted).toBe(false)
    const reason = new Error('the second')
    second.abort(reason)
    first.abort(new Error('the first'))
    expect(signal.reason).toBe(reason)
  })

  it('has aborted already when one of them has', () => {
    const reason = new Error('before')
    expect(new JointSignal(new AbortController().signal, AbortSignal.abort(reason)).signal.reason).toBe(reason)
  })

  it('leaves nothing in them once it is cleared, or has aborted', () => {
    const sources = [new AbortController(), new AbortController()]
    const signals = sources.map(({ signal }) => signal)
    const listeners = (): number[] => signals.map((signal) => getEventListeners(signal, 'abort').length)
    const cleared = new JointSignal(...signals)
    expect(listeners()).toEqual([1, 1])
    cleared.clear()
    expect(listeners()).toEqual([0, 0])
    expect(new JointSignal(...signals).signal.aborted).toBe(false)
    sources[0]!.abort()
    expect(listeners()).toEqual([0, 0])
    expect(cleared.signal.aborted).toBe(false)
  })
})
