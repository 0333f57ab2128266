import { beforeAll, expect, it } from 'vitest'
import { buildPackages } from '../support/build'
import { poll } from '../support/poll'
import { CASES, nothingIsLeft, openBed, type Bed } from './bed'
import { load, loadUntilNotReady } from './load'
import { ask, exitOf, ORDER, startService } from './service'

const SECONDS = Number(process.env['LEASEPOOL_EXAMPLE_SECONDS'] ?? 10)

/** A rotation every 1.2 s or so, and time enough that nobody's user ends on a machine that is busy with other things. */
const LIFE = { ttlSeconds: 5, maxTtlSeconds: 10 }
const ROTATE_FRACTION = '0.12'
const ROTATIONS = 8
const MAX_CONNECTIONS = 5

beforeAll(buildPackages)

it.each(CASES)(
  '%s on %s serves under load while its users are replaced, and ends in good order',
  { timeout: 60_000 + 10_000 * SECONDS },
  async (example, database) => {
    const bed = await openBed(database, LIFE)
    const service = await startService(example, {
      ...bed.environment,
      ROTATE_FRACTION,
      STOP_DELAY_MS: '2000',
      MAX_CONNECTIONS: String(MAX_CONNECTIONS),
    })
    await ask(service, '/orders', ORDER)

    const before = bed.ends().length
    const result = await load(service, SECONDS, () => bed.ends().length >= before + ROTATIONS)
    const { '2xx': answered, non2xx, errors, timeouts, resets } = result
    expect({ non2xx, errors, timeouts, resets }).toEqual({ non2xx: 0, errors: 0, timeouts: 0, resets: 0 })
    expect(answered).toBeGreaterThan(10 * SECONDS)

    const outcomes = loadUntilNotReady(service)
    await poll('clients have got answers', () => outcomes.answers(), (answers) => answers > 100) // prettier-ignore
    process.kill(service.pid, 'SIGTERM')
    expect(await exitOf(service)).toBe(0)
    expect(await outcomes.all).toEqual({ '200': expect.any(Number) as number, '201': expect.any(Number) as number })

    expect(bed.proxy.peak).toBe(MAX_CONNECTIONS)
    expect(bed.ends().filter((end) => end.reason !== 'revoked')).toEqual([])
    await nothingIsLeft(bed)
    expect(await bed.database.sql('SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM order_items)')).toEqual([])
    if (database === 'postgres') await ownerOwnsEverything(bed)
  },
)

async function ownerOwnsEverything({ database }: Bed): Promise<void> {
  const tables = await database.sql(`SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'`)
  expect(tables.map(({ tablename }) => tablename)).toEqual(expect.arrayContaining(['orders', 'order_items']))
  expect(new Set(tables.map(({ tableowner }) => tableowner))).toEqual(new Set(['orders_owner']))
}
