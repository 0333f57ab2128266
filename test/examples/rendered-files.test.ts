import type { LeasedCredentials } from '@leasepool/core'
import { startDevVault, type DevVault } from '@leasepool/dev-vault'
import { LeasedPool } from '@leasepool/pg-adapter'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { orBreakGlass } from '../../examples/rendered-files/break-glass'
import { fromFolder } from '../../examples/rendered-files/folder'
import { logEvents } from '../support/app'
import { startDatabase, type TestDatabase } from '../support/database'
import { poll } from '../support/poll'
import { startProxy, type Proxy } from '../support/proxy'

const CALLERS = 16
const MAX = 3

let database: TestDatabase
let folder: string
let proxy: Proxy
beforeAll(async () => void (database = await startDatabase()))
afterAll(() => database.stop())
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasepool-rendered-'))
  proxy = await startProxy(database.port)
})
afterEach(async () => {
  await proxy.close()
  await rm(folder, { recursive: true })
})

/** A user as a Vault of somebody else makes them. */
async function makeUser(): Promise<{ username: string; password: string }> {
  const user = { username: `v-file-${randomBytes(4).toString('hex')}`, password: randomBytes(12).toString('hex') }
  await database.sql(`CREATE ROLE "${user.username}" LOGIN PASSWORD '${user.password}' IN ROLE app_rw`)
  return user
}

/** 16 callers on a pool of 3 until `until` resolves; what failed. */
async function underLoad(credentials: LeasedCredentials, until: () => Promise<void>): Promise<unknown[]> {
  const pool = new LeasedPool({ host: database.host, port: proxy.port, database: 'app', max: MAX }, credentials)
  const failures: unknown[] = []
  let isOver = false
  const caller = async (): Promise<void> => {
    while (!isOver) await pool.query('SELECT count(*) FROM item').catch((error: unknown) => failures.push(error))
  }
  const callers = Promise.all(Array.from({ length: CALLERS }, caller))
  try {
    await until()
  } finally {
    isOver = true
    await callers
    await pool.end()
    await credentials.close()
  }
  return failures
}

describe('a folder as Kubernetes mounts it', () => {
  /** The kubelet writes a new folder, and swaps the link `..data` to it in one step. */
  async function mount({ username, password }: { username: string; password: string }): Promise<void> {
    const version = `..${randomBytes(4).toString('hex')}`
    await mkdir(join(folder, version))
    await writeFile(join(folder, version, 'username'), username)
    await writeFile(join(folder, version, 'password'), password)
    await symlink(version, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }

  test('is followed, swap by swap, and no query fails', async () => {
    const users = [await makeUser()]
    await mount(users[0]!)
    for (const name of ['username', 'password']) await symlink(join('..data', name), join(folder, name))
    const credentials = await fromFolder(folder)
    const log = logEvents(credentials)
    const failures = await underLoad(credentials, async () => {
      for (let swap = 1; swap <= 4; swap++) {
        const next = await makeUser()
        users.push(next)
        await mount(next)
        await poll(`swap ${swap} is seen`, () => log.of('drained').length, (count) => count === swap) // prettier-ignore
        expect(credentials.current().username).toBe(next.username)
      }
    })
    expect(failures).toEqual([])
    expect(proxy.peak).toBe(MAX)
    expect(await database.sessions()).toEqual([])
    for (const { username } of users) await database.sql(`DROP ROLE "${username}"`) // nobody is logged in any more
  })
})

describe('break-glass', () => {
  let vault: DevVault
  beforeEach(async () => {
    vault = await startDevVault({
      databases: { db: { url: Object.assign(new URL(database.url), { pathname: '/app' }).href } },
      roles: {
        app: {
          database: 'db',
          creationStatements: [
            `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`,
          ],
          defaultTtlSeconds: 4,
          maxTtlSeconds: 8,
        },
      },
    })
  })
  afterEach(() => vault.close())

  test('serves while Vault is away and no user is left, and is left again, and no query fails', async () => {
    const user = await makeUser()
    const path = join(folder, 'db.json')
    await writeFile(path, JSON.stringify(user))
    const auth = { method: 'token', token: vault.rootToken } as const
    const credentials = await orBreakGlass({ address: vault.address, auth }, path)
    const log = logEvents(credentials)
    const failures = await underLoad(credentials, async () => {
      await poll('Vault has rotated', () => log.of('rotated').length, (count) => count >= 2, 30_000) // prettier-ignore
      vault.outage()
      await poll('it serves', () => log.of('fellBack').length, (count) => count === 1, 30_000) // prettier-ignore
      await poll('all are there', () => credentials.current().username, (name) => name === user.username) // prettier-ignore
      vault.outage(false)
      await poll('Vault serves again', () => log.of('cameBack').length, (count) => count === 1, 30_000) // prettier-ignore
    })
    expect(failures).toEqual([])
    expect(proxy.peak).toBe(MAX)
    expect(vault.leases()).toEqual([])
    await database.sql(`DROP ROLE "${user.username}"`)
  })
})
