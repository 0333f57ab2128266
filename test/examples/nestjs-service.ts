import { expect, onTestFinished } from 'vitest'
import { poll } from '../support/poll'
import { nothingIsLeft, openBed } from './bed'
import { load } from './load'
import { ask, exitOf, ORDER, startIn, type Service } from './service'

const SECONDS = Number(process.env['LEASEPOOL_EXAMPLE_SECONDS'] ?? 10)
const ROTATIONS = 8
const MAX_CONNECTIONS = 3
/** What the test may take, on a machine that is busy with other things. */
export const TIMEOUT_MS = 120_000 + 10_000 * SECONDS

const health = (service: Service): Promise<{ status: number; credentials: object }> =>
  ask(service, '/health').then(({ status, body }) => ({
    status,
    credentials: (body as { details: { credentials: object } }).details.credentials,
  }))

/**
 * What was compiled from examples/nestjs in `folder` serves under load while its users are replaced, says that it is degraded while Vault is away, and
 * ends in good order. `degraded` is what its Terminus calls that.
 */
export async function serves(folder: string, degraded: 'degraded' | 'up'): Promise<void> {
  const bed = await openBed('postgres', { ttlSeconds: 5, maxTtlSeconds: 10 })
  const service = await startIn(
    folder,
    { ...bed.environment, ROTATE_FRACTION: '0.12', STOP_DELAY_MS: '100', MAX_CONNECTIONS: String(MAX_CONNECTIONS) },
    'main',
    '/health',
  )
  await ask(service, '/orders', ORDER)
  const is = (text: string, expected: object): Promise<unknown> =>
    poll(text, () => health(service), (found) => expect.objectContaining(expected).asymmetricMatch(found.credentials) && found.status === 200, 20_000) // prettier-ignore

  await is('it is up', { status: 'up', health: 'healthy', reasons: [] })
  const before = bed.ends().length
  const result = await load(service, SECONDS, () => bed.ends().length >= before + ROTATIONS, ['/reports/products', '/health'])
  const { '2xx': answered, non2xx, errors, timeouts, resets } = result
  expect({ non2xx, errors, timeouts, resets }).toEqual({ non2xx: 0, errors: 0, timeouts: 0, resets: 0 })
  expect(answered).toBeGreaterThan(10 * SECONDS)
  expect(bed.ends().filter((end) => end.reason !== 'revoked')).toEqual([])

  bed.vault.outage()
  await is('it is degraded', { status: degraded, health: 'degraded', endsInSeconds: expect.any(Number) as number })
  bed.vault.outage(false)
  await is('it is up again', { status: 'up', health: 'healthy' })

  const unlock = await bed.database.lockOrders()
  onTestFinished(() => unlock().catch(() => undefined))
  const held = Promise.all([ask(service, '/orders', ORDER), ask(service, '/orders', ORDER)])
  await poll('two orders wait', () => bed.database.waiting(), (waiting) => waiting === 2) // prettier-ignore
  process.kill(service.pid, 'SIGTERM')
  await poll('it ends', () => ask(service, '/health').then(({ status }) => status, () => 'gone'), (found) => found !== 200) // prettier-ignore
  await unlock()
  expect((await held).map(({ status }) => status)).toEqual([201, 201])
  expect(await exitOf(service)).toBe('SIGTERM')
  expect(bed.proxy.peak).toBeLessThanOrEqual(2 * MAX_CONNECTIONS)
  await nothingIsLeft(bed)
}
