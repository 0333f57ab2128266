import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPackages } from '../../../test/support/build'
import { startDatabase, type TestDatabase } from '../../../test/support/database'

const root = process.cwd()
const run = promisify(execFile)

let database: TestDatabase
let folder: string
beforeAll(async () => {
  database = await startDatabase()
  await buildPackages()
  // Inside the checkout, so that the packages resolve as they do in an app.
  folder = await mkdtemp(join(__dirname, '.cli-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
  await database.stop()
})

async function inApp(sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(database.url.replace(/\/postgres$/, '/app'))
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

test.each(['typeorm', 'typeorm-0.3'])(
  'migrations by the command of %s end by themselves, and what they make belongs to the assumed role',
  async (typeorm) => {
    const table = typeorm.replace(/\W/g, '_')
    await database.sql(`CREATE ROLE "v-cli" LOGIN PASSWORD 'of-the-cli' IN ROLE app_rw`)
    await inApp('GRANT CREATE ON SCHEMA public TO app_rw')
    const migrations = join(folder, typeorm)
    await mkdir(migrations)
    await writeFile(
      join(migrations, '1_made.cjs'),
      `exports.Made1700000000000 = class Made1700000000000 {
         async up(runner) { await runner.query('CREATE TABLE ${table} (id int)') }
         async down(runner) { await runner.query('DROP TABLE ${table}') }
       }`,
    )
    await writeFile(
      join(folder, `${typeorm}.cjs`),
      `const { fixedCredentials } = require('@leasepool/core')
       const { leasedDataSource } = require('@leasepool/typeorm-adapter')
       const { DataSource, EntitySchema } = require('${typeorm}')
       const entity = new EntitySchema({ name: 'synced_${table}', columns: { id: { type: 'int', primary: true } } })
       exports.AppDataSource = fixedCredentials({ username: 'v-cli', password: 'of-the-cli' }).then((credentials) =>
         new DataSource(leasedDataSource({
           type: 'postgres', host: '${database.host}', port: ${database.port}, database: 'app', entities: [entity],
           migrations: [${JSON.stringify(join(migrations, '*.cjs'))}], migrationsTableName: 'made_by_${table}',
         }, credentials, { assumeRole: 'app_rw' })))`,
    )
    const cli = async (command: string): Promise<string> => {
      const [name, ...rest] = command.split(/ (.*)/, 2)
      const args = [join(root, 'node_modules', typeorm, 'cli.js'), name!, ...rest, '-d', `${typeorm}.cjs`]
      return (await run(process.execPath, args, { cwd: folder, timeout: 30_000 })).stdout
    }
    expect(await cli('migration:run')).toMatch(/Made1700000000000 has been\s+executed successfully/)
    expect(await inApp(`SELECT tableowner FROM pg_tables WHERE tablename = '${table}'`)).toEqual([{ tableowner: 'app_rw' }])
    expect(await cli('migration:revert')).toMatch(/Made1700000000000 has been\s+reverted successfully/)
    expect(await inApp(`SELECT tableowner FROM pg_tables WHERE tablename = '${table}'`)).toEqual([])
    expect(await cli('schema:sync')).toMatch(/Schema synchronization finished successfully/)
    expect(await inApp(`SELECT tableowner FROM pg_tables WHERE tablename = 'synced_${table}'`)).toEqual([
      { tableowner: 'app_rw' },
    ])
    expect(await cli('query SELECT session_user AS who')).toContain('v-cli')
    await database.sql('DROP ROLE "v-cli"') // it owns nothing
    await inApp(`DROP TABLE made_by_${table}, synced_${table}`)
  },
)
