import { expect, test } from 'vitest'
import { ProbeError } from '../src/errors'
import { probeEverywhere } from '../src/probing'
import { FakeClock } from './support/fake-clock'
import { FakePool } from './support/fake-pool'

/** As on a busy machine: short timers ring late. */
class LateClock extends FakeClock {
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return super.sleep(ms < 1_000 ? ms + 2_000 : ms, signal)
  }
}

test('a time limit that ends between two tries fails like one that ends a try, with what the last one failed with', async () => {
  const clock = new LateClock()
  const refused = new Error('refused')
  const pool = new FakePool('app')
  pool.onProbe = () => Promise.reject(refused)
  const candidate = { username: 'u', password: 'p', generation: 2 } as never
  const signal = new AbortController().signal
  const probing = probeEverywhere([pool], candidate, {
    clock,
    random: () => 0.5,
    timeoutMs: 1_500,
    signal,
    emit: () => undefined,
  })
  const failed = expect(probing).rejects.toEqual(new ProbeError('app', 2, 1, { cause: refused }))
  await clock.advance(1_500)
  await failed
  await expect(probing).rejects.toMatchObject({ code: 'ERR_PROBE', cause: refused })
})
