import knexFactory, { type Knex } from 'knex'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { logEvents } from '../../../test/support/app'
import { poll } from '../../../test/support/poll'
import { bedOn, type Opened } from './support'

/** Migrations that are functions, so that a test can hold one. */
function migrationsOf(tableName: string, steps: Readonly<Record<string, (db: Knex) => Promise<unknown>>>): Knex.MigratorConfig {
  return {
    tableName,
    migrationSource: {
      getMigrations: () => Promise.resolve(Object.keys(steps)),
      getMigrationName: (name: string) => name,
      getMigration: (name: string) => Promise.resolve({ up: steps[name]!, down: () => Promise.resolve() }),
    },
  }
}

describe.for(['postgres', 'mariadb'] as const)('on %s', (kind) => {
  let server: ContractServer
  beforeAll(async () => void (server = await startServer(kind)))
  afterAll(() => server.stop())

  const bed = bedOn(() => server, knexFactory)
  const { who, rows } = bed
  afterEach(() => bed.close())

  /** What is made belongs to the role, in PostgreSQL in a schema of its own. */
  async function openOwner(): Promise<Opened> {
    const config = kind === 'postgres' ? { searchPath: ['owned', 'public'] } : {}
    const opened = await bed.open({ config, leased: { assumeRole: server.owner } })
    if (kind === 'postgres') await opened.db.raw('CREATE SCHEMA IF NOT EXISTS owned')
    return opened
  }

  test('of two migrators one holds the lock, across a rotation in the middle; the other waits, or is told so', async () => {
    const { db, credentials } = await openOwner()
    const log = logEvents(credentials)
    const old = credentials.current().username
    let hold: (() => void) | undefined
    const held = new Promise<void>((resolve) => (hold = resolve))
    const began: string[] = []
    const config = migrationsOf('migrated', {
      '1_made': async (trx) => {
        await trx.schema.createTable('made', (table) => void table.increments())
        began.push(await who(trx))
        await held
        await trx('made').insert({})
      },
      '2_changed': async (trx) => {
        await trx.schema.alterTable('made', (table) => void table.string('label'))
        began.push(await who(trx))
      },
    })
    const first = db.migrate.latest(config)
    await poll('the first one is in its first migration', () => began, ({ length }) => length === 1) // prettier-ignore
    const second = db.migrate.latest(config)
    // In PostgreSQL the lock is part of the transaction: who comes second waits for its row.
    const answer =
      kind === 'postgres'
        ? expect(second).resolves.toEqual([1, []])
        : expect(second).rejects.toMatchObject({ name: 'MigrationLocked' })
    if (kind === 'mariadb') await answer
    await credentials.rotate()
    hold!()
    const [batch, ran] = (await first) as [number, string[]]
    expect([batch, ran]).toEqual([1, ['1_made', '2_changed']])
    await answer
    expect(began).toEqual([old, old]) // Knex runs them in one transaction
    expect(await db.migrate.latest(config)).toEqual([1, []])
    expect(await db('made').select('label')).toEqual([{ label: null }])
    expect(await who(db)).not.toBe(old)
    await poll('the old user is dropped, though it made a table', () => log.of('revoked'), ({ length }) => length === 1) // prettier-ignore
  })

  test('a migration that fails after a rotation is rolled back or told, and the lock is free', async () => {
    const { db, credentials } = await openOwner()
    const failing = migrationsOf('failed', {
      '1_fails': async (trx) => {
        await trx.schema.createTable('never_made', (table) => void table.increments())
        await credentials.rotate()
        await trx.raw('SELECT no_such_column')
      },
    })
    await expect(db.migrate.latest(failing)).rejects.toThrow(/no_such_column/)
    // MySQL and MariaDB commit a table at once.
    expect(await db.schema.hasTable('never_made')).toBe(kind !== 'postgres')
    expect(await db.migrate.latest(migrationsOf('failed', { '1_works': () => Promise.resolve() }))).toEqual([1, ['1_works']])
  })

  test('seeds run across a rotation', async () => {
    const { db, credentials } = await bed.open()
    const seeds = ['1_first', '2_second']
    const ran: string[] = []
    const seedSource = {
      getSeeds: () => Promise.resolve(seeds),
      getSeed: (name: string) => ({
        seed: async (on: Knex) => {
          ran.push(await who(on))
          await on('item').insert({ label: `seeded by ${name}` })
          await credentials.rotate()
        },
      }),
    }
    await db.seed.run({ seedSource } as unknown as Knex.SeederConfig)
    expect(new Set(ran).size).toBe(2)
    expect(await rows(db.raw(`SELECT label FROM item WHERE label LIKE 'seeded%' ORDER BY label`))).toEqual(
      seeds.map((name) => ({ label: `seeded by ${name}` })),
    )
    await db('item').where('label', 'like', 'seeded%').delete()
  })
})
