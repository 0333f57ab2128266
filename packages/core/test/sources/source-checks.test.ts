import { describe, expect, it } from 'vitest'
import { VaultRefusedError } from '../../src/errors'
import type { SourceReport } from '../../src/events'
import { SourceChecks } from '../../src/sources/source-checks'
import { FakeClock, settled } from '../support/fake-clock'
import { hang } from '../support/fake-source'

function checks() {
  const clock = new FakeClock(0)
  const reports: SourceReport[] = []
  const looks: number[] = []
  const state: { check(signal: AbortSignal): Promise<number> } = { check: () => Promise.resolve(10_000) }
  const host = {
    clock,
    random: () => 1,
    report: (one: SourceReport) => void reports.push(one),
    rotate: () => undefined,
    abandoned: () => undefined,
  }
  const subject = new SourceChecks({
    source: 'a file',
    host,
    check: (signal) => {
      looks.push(clock.nowMs())
      return state.check(signal)
    },
  })
  return { clock, reports, looks, state, subject }
}

describe('looks', () => {
  it('come when planned, and after that as each of them says', async () => {
    const { clock, looks, subject } = checks()
    subject.plan(500)
    await clock.advance(30_000)
    expect(looks).toEqual([500, 10_500, 20_500])
  })

  it('are made one at a time; a hint during one leads to one more', async () => {
    const { clock, looks, state, subject } = checks()
    let finish: (ms: number) => void = () => undefined
    state.check = () => new Promise((resolve) => (finish = resolve))
    subject.now()
    for (let hints = 0; hints < 5; hints++) subject.now()
    expect(looks).toHaveLength(1)
    finish(10_000)
    await settled()
    expect(looks).toHaveLength(2)
    finish(10_000)
    await clock.advance(9_999)
    expect(looks).toHaveLength(2)
  })

  it('that fail are reported, tried again ever more rarely, and said to be over', async () => {
    const { clock, reports, looks, state, subject } = checks()
    const cause = new Error('away')
    state.check = () => Promise.reject(cause)
    subject.now()
    await clock.advance(250 + 500)
    expect(looks).toEqual([0, 250, 750])
    expect(reports[0]).toEqual({ type: 'sourceCheckFailed', event: { source: 'a file', attempt: 1, retryInMs: 250, cause } })
    state.check = () => Promise.resolve(10_000)
    await clock.advance(1_000)
    expect(reports.map(({ type }) => type)).toEqual([
      'sourceCheckFailed',
      'sourceCheckFailed',
      'sourceCheckFailed',
      'sourceChecked',
    ])
  })

  it('that are refused are as rare as it gets at once', async () => {
    const { clock, looks, state, subject } = checks()
    state.check = () => Promise.reject(new VaultRefusedError({ address: 'http://vault', method: 'GET', path: 'x' }, 403, []))
    subject.now()
    await clock.advance(60_000)
    expect(looks).toEqual([0, 30_000, 60_000])
  })

  it('do not overturn what was planned while they were under way', async () => {
    const { clock, looks, reports, state, subject } = checks()
    let fail: (error: Error) => void = () => undefined
    state.check = () => new Promise((_, reject) => (fail = reject))
    subject.now()
    subject.plan(60_000)
    fail(new Error('late'))
    await clock.advance(59_999)
    expect([looks, reports]).toEqual([[0], []])
    await clock.advance(1)
    expect(looks).toEqual([0, 60_000])
  })

  it('end, with the one under way, when they are stopped', async () => {
    const { clock, looks, reports, state, subject } = checks()
    state.check = hang
    subject.now()
    subject.stop()
    subject.now()
    subject.plan(0)
    await clock.advance(60_000)
    expect([looks, reports, clock.pending]).toEqual([[0], [], 0])
  })
})
