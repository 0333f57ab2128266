import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestBed, type TestBed } from '../../../test/support/app'
import { buildPackages } from '../../../test/support/build'
import { poll } from '../../../test/support/poll'

const root = process.cwd()

let bed: TestBed
let folder: string
beforeAll(async () => {
  await buildPackages()
  bed = await startTestBed({ defaultTtl: '6s', maxTtl: '18s' })
  await inApp('GRANT CREATE ON SCHEMA public TO app_rw')
})
afterAll(() => bed.stop())

async function inApp(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(bed.database.url.replace(/\/postgres$/, '/app'))
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

const owners = (): Promise<unknown> => inApp(`SELECT DISTINCT tableowner FROM pg_tables WHERE tablename IN ('made', 'knex_migrations')`) // prettier-ignore

beforeAll(async () => {
  // Inside the checkout, so that the packages resolve as they do in an app.
  folder = await mkdtemp(join(root, 'packages/knex-adapter/test/.knexfile-'))
  await mkdir(join(folder, 'migrations'))
  await mkdir(join(folder, 'seeds'))
  await writeFile(
    join(folder, 'migrations/1_made.cjs'),
    `exports.up = (knex) => knex.schema.createTable('made', (t) => { t.increments(); t.string('by') })
     exports.down = (knex) => knex.schema.dropTable('made')`,
  )
  await writeFile(
    join(folder, 'seeds/1_seeded.cjs'),
    `exports.seed = (knex) => knex('made').insert({ by: knex.raw('session_user') })`,
  )
})
afterAll(() => rm(folder, { recursive: true }))

afterEach(async () => {
  await inApp('DROP TABLE IF EXISTS made, knex_migrations, knex_migrations_lock')
  // With their leases at the latest: a command that ends by `process.exit` gives none back.
  await poll('no user is left', () => bed.database.users(), (users) => users.length === 0, 30_000) // prettier-ignore
})

/** Where the database and Vault are, as code. */
function places(): { config: string; credentials: string } {
  const { database, vault, login } = bed
  const auth = { method: 'approle', mount: 'apps', ...login }
  return {
    config: `{
      client: 'pg', connection: { host: '${database.host}', port: ${database.port}, database: 'app' },
      migrations: { directory: './migrations', loadExtensions: ['.cjs'] },
      seeds: { directory: './seeds', loadExtensions: ['.cjs'] },
    }`,
    credentials: JSON.stringify({ address: vault.address, auth, mount: 'app-db', role: 'app' }),
  }
}

async function run(...args: string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, args, { cwd: folder, timeout: 30_000 })).stdout
}

const IMPORTS = `import { vaultCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
`

describe('the command, whose process ends by itself and whose tables belong to the assumed role', () => {
  const files: readonly { name: string; node: string[]; code: () => string }[] = [
    {
      name: 'knexfile.mjs',
      node: [],
      code: () => `${IMPORTS}
        export default async () =>
          leasedKnex(${places().config}, await vaultCredentials(${places().credentials}), { assumeRole: 'app_rw' })`,
    },
    {
      name: 'knexfile.cjs',
      node: [],
      code: () => `
        const { vaultCredentials } = require('@leasepool/core')
        const { leasedKnex } = require('@leasepool/knex-adapter')
        module.exports = vaultCredentials(${places().credentials}).then((credentials) =>
          leasedKnex(${places().config}, credentials, { assumeRole: 'app_rw' }))`,
    },
    {
      name: 'knexfile.ts',
      node: ['--import', 'tsx'],
      code: () => `${IMPORTS}
        import type { Knex } from 'knex'
        const config = async (): Promise<Knex.Config> =>
          leasedKnex(${places().config}, await vaultCredentials(${places().credentials}), { assumeRole: 'app_rw' })
        export default config`,
    },
  ]

  test.each(files)('with $name', async ({ name, node, code }) => {
    await writeFile(join(folder, name), code())
    const cli = (command: string): Promise<string> =>
      run(...node, join(root, 'node_modules/knex/bin/cli.js'), '--knexfile', name, command)
    expect(await cli('migrate:latest')).toMatch(/Batch 1 run: 1 migrations/)
    expect(await owners()).toEqual([{ tableowner: 'app_rw' }])
    expect(await cli('seed:run')).toMatch(/Ran 1 seed files/)
    expect(await inApp('SELECT "by" FROM made')).toEqual([{ by: expect.stringMatching(/^v-/) }])
    expect(await cli('migrate:rollback')).toMatch(/rolled back: 1 migrations/)
    await rm(join(folder, name))
  })
})

test('a program of its own leaves no user when it has ended', async () => {
  await writeFile(
    join(folder, 'migrate.mjs'),
    `${IMPORTS}
     import knex from 'knex'
     const credentials = await vaultCredentials(${places().credentials})
     const db = knex(leasedKnex(${places().config}, credentials, { assumeRole: 'app_rw' }))
     try {
       console.log(await db.migrate.latest())
       await db.seed.run()
     } finally {
       await db.destroy()
       await credentials.close()
     }`,
  )
  expect(await run('migrate.mjs')).toContain(`[ 1, [ '1_made.cjs' ] ]`)
  expect(await bed.database.users()).toEqual([])
  expect(await owners()).toEqual([{ tableowner: 'app_rw' }])
})
