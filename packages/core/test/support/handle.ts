import type { LeasedCredentialsEvents } from '../../src/events'
import { LeasedCredentials } from '../../src/leased-credentials'
import type { LeasedCredentialsOptions } from '../../src/leased-credentials-options'
import { FakeClock } from './fake-clock'
import { FakePool } from './fake-pool'
import { FakeSource } from './fake-source'

type EventName = keyof LeasedCredentialsEvents
export type Told = {
  [K in EventName]: { readonly name: K; readonly atMs: number; readonly event: LeasedCredentialsEvents[K][0] }
}[EventName]

const NAMES: EventName[] = [
  'issued',
  'renewed',
  'renewFailed',
  'rotationStarted',
  'probeSkipped',
  'probeFailed',
  'rotated',
  'rotationFailed',
  'connectionForced',
  'pinnedConnectionKept',
  'leakSuspected',
  'drained',
  'revoked',
  'revokeFailed',
  'tokenSpent',
  'sourceCheckFailed',
  'sourceChecked',
  'fellBack',
  'cameBack',
  'healthChanged',
  'wokeUp',
  'loginRefused',
  'loginsPaused',
  'closed',
]

/** A started handle on fakes, with everything that happens in `calls` and `told`. Time starts at 0. */
export async function started(
  options: LeasedCredentialsOptions & { pools?: string[]; prepare?: (source: FakeSource) => void } = {},
) {
  const { pools: names = ['a'], prepare, ...rest } = options
  const clock = new FakeClock(0)
  const calls: string[] = []
  const source = new FakeSource(clock, calls)
  prepare?.(source)
  const credentials = await LeasedCredentials.start(source, { clock, random: () => 0, ...rest })
  const pools = names.map((name) => new FakePool(name, calls))
  for (const pool of pools) credentials.attach(pool)
  const told: Told[] = []
  for (const name of NAMES) {
    credentials.on(name, ((event: never) => {
      told.push({ name, atMs: clock.nowMs(), event } as Told)
      calls.push(`event ${name}`)
    }) as never)
  }
  const of = <K extends EventName>(name: K) => told.filter((one): one is Extract<Told, { name: K }> => one.name === name)
  calls.length = 0
  return { clock, calls, source, credentials, pools, pool: pools[0]!, told, of }
}
