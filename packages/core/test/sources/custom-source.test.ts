import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { iamToken } from '../../../../examples/custom-source/iam-token'
import { LeasedCredentials } from '../../src/leased-credentials'
import { FakeClock } from '../support/fake-clock'
import { FakePool } from '../support/fake-pool'

/** The example of a source of one's own, as it stands in the documentation. */
const root = join(__dirname, '../../../..')
const MINUTE = 60_000

async function started() {
  const clock = new FakeClock(0)
  const cloud = { tokens: 0, isAway: false }
  const getToken = async (): Promise<string> => {
    if (cloud.isAway) throw new Error('the token service is away')
    return `token-${(cloud.tokens += 1)}`
  }
  const credentials = await LeasedCredentials.start(iamToken({ username: 'app', getToken }), { clock, random: () => 0 })
  const pool = new FakePool('a')
  credentials.attach(pool)
  return { clock, cloud, credentials, pool }
}

it('has the next token before the old one ends, and keeps open connections', async () => {
  const { clock, credentials, pool } = await started()
  await clock.advance(9 * MINUTE)
  expect(credentials.current().password).toBe('token-1')
  await clock.advance(1 * MINUTE)
  expect(credentials.current().password).toBe('token-2')
  expect(pool.keptOlder).toBe(true)
  await clock.advance(60 * MINUTE)
  expect(credentials.generation).toBe(8)
  await credentials.close()
})

it('tries again while no token is to be had, and serves on', async () => {
  const { clock, cloud, credentials } = await started()
  const failed: unknown[] = []
  credentials.on('rotationFailed', ({ cause }) => failed.push(cause))
  cloud.isAway = true
  await clock.advance(11 * MINUTE)
  expect(failed.length).toBeGreaterThan(3)
  expect(credentials.current().password).toBe('token-1')
  expect(credentials.status().health.state).toBe('degraded')
  cloud.isAway = false
  await clock.advance(1 * MINUTE)
  expect(credentials.current().password).toBe('token-2')
  expect(credentials.status().health.state).toBe('healthy')
  await credentials.close()
})

it('leaves no timer behind', async () => {
  const { clock, credentials } = await started()
  await credentials.rotate()
  await credentials.close()
  expect(clock.pending).toBe(0)
})

it('is what docs/sources.md shows', () => {
  const page = readFileSync(join(root, 'docs/sources.md'), 'utf8')
  const code = readFileSync(join(root, 'examples/custom-source/iam-token.ts'), 'utf8')
  expect(/<!-- examples\/custom-source\/iam-token\.ts -->\n\n```ts\n([\s\S]*?)```/.exec(page)?.[1]).toBe(code)
})
