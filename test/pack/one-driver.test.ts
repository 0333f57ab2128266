import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../contract/server'
import { asInstalled, installInto, packInto, run } from './packed'

/** The adapters of libraries that serve several databases ask for the driver that is used, and for no other. */
const FOLDERS = ['core', 'pg-adapter', 'mysql2-adapter', 'knex-adapter', 'typeorm-adapter']
const BESIDE = ['knex', 'typeorm', 'typescript', '@types/node']

let folder: string
let tarballs: readonly string[]
const servers: Partial<Record<'pg' | 'mysql2', ContractServer>> = {}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasepool-one-driver-'))
  tarballs = (await packInto(folder, FOLDERS)).map(({ filename }) => join(folder, filename))
  servers.pg = await startServer('postgres')
  servers.mysql2 = await startServer('mariadb')
  for (const server of Object.values(servers)) await server.makeUser('v-one-driver', 'of-one-driver', true)
})
afterAll(async () => {
  for (const server of Object.values(servers)) {
    await server.dropUser('v-one-driver')
    await server.stop()
  }
  await rm(folder, { recursive: true, force: true })
})

describe.for([
  { driver: 'pg', other: 'mysql2' },
  { driver: 'mysql2', other: 'pg' },
] as const)('beside $driver alone', ({ driver, other }) => {
  let app: string
  beforeAll(async () => {
    app = join(folder, driver)
    await installInto(app, [...tarballs, ...[driver, ...BESIDE].map(asInstalled)])
    await cp(join(__dirname, 'one-driver'), app, { recursive: true })
  })

  test(`npm does not install ${other}`, async () => {
    const installed = await readdir(join(app, 'node_modules'))
    expect(installed).toContain(driver)
    expect(installed).not.toContain(other)
  })

  test('an app of Knex and TypeORM type-checks with `strict` and without `skipLibCheck`, and runs', async () => {
    const options = { strict: true, module: 'nodenext', target: 'es2023', types: ['node'], skipLibCheck: false }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['program.*'] }))
    await run(join(app, 'node_modules', '.bin', 'tsc'), [], app)
    const { host, port, database } = servers[driver]!
    const login = { username: 'v-one-driver', password: 'of-one-driver' }
    const type = driver === 'pg' ? 'postgres' : 'mariadb'
    const server = { client: driver, type, host, port, database, ...login }
    const printed = await run('node', ['program.mjs', JSON.stringify(server)], app)
    expect(JSON.parse(printed)).toEqual({
      counted: [1_000, 1_000],
      missing: [
        expect.stringContaining(`npm install ${other}`),
        `Option "leasedDataSource.driver": expected the module of the driver, or ${other} installed (npm install ${other}), got neither`,
      ],
    })
  })
})
