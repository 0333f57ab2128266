import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPackages } from '../../../test/support/build'
import { startMariaDb } from '../../../test/support/mysql'
import { MYSQL_USERNAMES, POSTGRES_USERNAMES } from '../src/database/names'
import { announcedName } from '../src/database/slots'
import { type DevVault, type DevVaultOptions, startDevVault, startEmbeddedPostgres } from '../src/index'
import { caller, eventually } from './support'

interface Server {
  /** The admin's, to a database with a table `t`. */
  readonly url: string
  readonly creationStatements: readonly string[]
  sql(text: string): Promise<unknown>
  /** Gives users rights in another database, too, where there are such things. */
  spread(users: readonly string[]): Promise<void>
  users(): Promise<string[]>
  /** Whether the dev-vault that made this user is seen as alive. */
  isOwned(user: string): Promise<boolean>
  /** Cuts the connection by which it is seen. */
  cut(user: string): Promise<unknown>
  stop(): Promise<void>
}

async function postgres(): Promise<Server> {
  const server = await startEmbeddedPostgres()
  const [url, other] = [await server.createDatabase('app'), await server.createDatabase('other')]
  const run = async (text: string, at = url): Promise<Record<string, unknown>[]> => {
    const client = new Client(at)
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }
  await run('CREATE TABLE t (a int)')
  const users = async (): Promise<string[]> =>
    (await run(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'v-%' ORDER BY 1`)).map((row) => String(row['name']))
  return {
    url,
    creationStatements: [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'; GRANT SELECT ON t TO "{{name}}"`],
    sql: (text) => run(text),
    // A grant in another database: only DROP OWNED there lets the role go.
    spread: async (left) => {
      await run('CREATE SCHEMA IF NOT EXISTS s', other)
      for (const user of left) await run(`GRANT CREATE ON SCHEMA s TO "${user}"`, other)
    },
    users,
    isOwned: async (user) => {
      const name = announcedName(POSTGRES_USERNAMES.slotOf(user)!)
      return (await run(`SELECT 1 FROM pg_stat_activity WHERE application_name = '${name}'`)).length > 0
    },
    cut: (user) => {
      const name = announcedName(POSTGRES_USERNAMES.slotOf(user)!)
      return run(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = '${name}'`)
    },
    stop: () => server.stop(),
  }
}

async function mariadb(): Promise<Server> {
  const server = await startMariaDb()
  const { name, url } = await server.createDatabase('app')
  await server.sql(`CREATE TABLE ${name}.t (a int)`)
  const lock = (user: string): string => `'${announcedName(MYSQL_USERNAMES.slotOf(user)!)}'`
  const owner = async (user: string): Promise<unknown> =>
    (await server.sql(`SELECT IS_USED_LOCK(${lock(user)}) AS owner`))[0]!['owner']
  return {
    url,
    creationStatements: [`CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'; GRANT SELECT ON ${name}.* TO '{{name}}'@'%'`],
    sql: (text) => server.sql(text),
    spread: () => Promise.resolve(),
    users: () => server.users(),
    isOwned: async (user) => (await owner(user)) !== null,
    cut: async (user) => server.sql(`KILL ${Number(await owner(user))}`),
    stop: () => server.stop(),
  }
}

// Run from the built package, since a plain Node process cannot read the sources.
const built = join(__dirname, '..', 'dist', 'index.js')

beforeAll(buildPackages)

describe.each([
  { kind: 'PostgreSQL', start: postgres },
  { kind: 'MariaDB', start: mariadb },
])('$kind', ({ start }) => {
  let server: Server

  beforeAll(async () => (server = await start()))
  afterAll(() => server?.stop())

  function options(): DevVaultOptions {
    const role = { database: 'db', creationStatements: server.creationStatements, defaultTtlSeconds: 600 }
    return { databases: { db: { url: server.url } }, roles: { ro: role } }
  }

  async function makeUser({ address, rootToken }: { address: string; rootToken: string }): Promise<string> {
    const { status, body } = await caller(address, rootToken)('GET', 'database/creds/ro')
    expect(status).toBe(200)
    return body.data.username as string
  }

  /** A dev-vault in a process of its own. */
  async function startChild(): Promise<{ child: ChildProcess; address: string; rootToken: string }> {
    const script = `require(${JSON.stringify(built)}).startDevVault(${JSON.stringify(options())})
      .then(({ address, rootToken }) => console.log(JSON.stringify({ address, rootToken })))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    return { child, ...(JSON.parse(line.toString()) as { address: string; rootToken: string }) }
  }

  async function killed(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  /** Its session lasts a moment longer than the process. */
  async function noLongerOwned(user: string): Promise<void> {
    await eventually(async () => !(await server.isOwned(user)))
  }

  it('drops the users of a killed process at the next start, while another one lives', async () => {
    const living = await startDevVault(options())
    const kept = await makeUser(living)
    const child = await startChild()
    const users = await Promise.all(Array.from({ length: 3 }, () => makeUser(child)))
    expect(await server.users()).toEqual([kept, ...users].sort())
    await server.spread(users)
    const real = `v-real-ro-${randomBytes(10).toString('hex')}`
    for (const sql of server.creationStatements[0]!.split(';')) await server.sql(sql.replaceAll('{{name}}', real))
    await killed(child.child)
    await noLongerOwned(users[0]!)
    const vault = await startDevVault(options())
    const made = await makeUser(vault)
    expect(await server.users()).toEqual([kept, made, real].sort())
    await Promise.all([vault.close(), living.close()])
    expect(await server.users()).toEqual([real])
    if (!server.url.startsWith('mysql')) await server.sql(`DROP OWNED BY "${real}"`)
    await server.sql(`DROP USER "${real}"`.replaceAll('"', server.url.startsWith('mysql') ? '`' : '"'))
  })

  it('two that start at the same moment both find the users of a dead one', async () => {
    const child = await startChild()
    const users = await Promise.all(Array.from({ length: 5 }, () => makeUser(child)))
    await killed(child.child)
    await noLongerOwned(users[0]!)
    const warnings: string[] = []
    const warned = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', warned)
    const vaults = await Promise.all([startDevVault(options()), startDevVault(options())])
    expect(await server.users()).toEqual([])
    await Promise.all(vaults.map((vault) => vault.close()))
    process.removeListener('warning', warned)
    expect(warnings).toEqual([])
  })

  it('two that start at the same moment never share a slot', { timeout: 120_000 }, async () => {
    const slotOf = server.url.startsWith('mysql') ? MYSQL_USERNAMES.slotOf : POSTGRES_USERNAMES.slotOf
    for (let round = 0; round < 50; round++) {
      const vaults = await Promise.all([startDevVault(options()), startDevVault(options())])
      const users = await Promise.all(vaults.map(makeUser))
      expect(new Set(users.map(slotOf)).size).toBe(2)
      expect(await server.users()).toEqual([...users].sort())
      await Promise.all(vaults.map((vault) => vault.close()))
    }
  })

  it('drops no users of one whose connection was cut, when another starts at that moment', async () => {
    const vault = await startDevVault(options())
    const user = await makeUser(vault)
    for (let round = 0; round < 5; round++) {
      await server.cut(user)
      await (await startDevVault(options())).close()
      expect(await server.users()).toEqual([user])
      await eventually(() => server.isOwned(user))
    }
    await vault.close()
    expect(await server.users()).toEqual([])
  })

  // On a server of its own: on a shared one any other test that starts a dev-vault may clean up.
  it.runIf(start === postgres)('leaves them if it is told to', async () => {
    const child = await startChild()
    const user = await makeUser(child)
    await killed(child.child)
    await noLongerOwned(user)
    const told = await startDevVault({ ...options(), cleanUp: false })
    expect(await server.users()).toEqual([user])
    await told.close()
    await (await startDevVault(options())).close()
    expect(await server.users()).toEqual([])
  })

  it('drops no users of a dev-vault in the same process, whatever is configured anew', async () => {
    const vaults: DevVault[] = [await startDevVault(options()), await startDevVault(options())]
    const users = await Promise.all(vaults.map(makeUser))
    vaults.push(await startDevVault(options()))
    const call = caller(vaults[0]!.address, vaults[0]!.rootToken)
    await vaults[1]!.close()
    await vaults[2]!.close()
    // Now it is alone, and its own connection is made anew in every way.
    expect((await call('POST', 'database/reset/db')).status).toBe(204)
    expect((await call('POST', 'database/config/db', { allowed_roles: '*' })).status).toBe(204)
    const { data } = (await call('GET', 'database/config/db')).body
    expect((await call('DELETE', 'database/config/db')).status).toBe(204)
    const again = { ...data, ...data.connection_details, password: decodeURIComponent(new URL(server.url).password) }
    delete again.connection_details
    expect(await call('POST', 'database/config/db', again)).toMatchObject({ status: expect.toBeOneOf([200, 204]) as number })
    expect(await server.users()).toEqual([users[0]])
    await vaults[0]!.close()
    expect(await server.users()).toEqual([])
  })

  it('keeps no finished process alive', async () => {
    const script = `require(${JSON.stringify(built)}).startDevVault(${JSON.stringify(options())}).then(() => console.log('up'))`
    // The HTTP server is the only thing left to keep it alive; without it the process must end by itself.
    const ending = `${script}.then(() => { for (const handle of process._getActiveHandles()) if (handle.constructor.name === 'Server') handle.unref() })`
    const child = spawn(process.execPath, ['-e', ending], { stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    let isOver = false
    void exit.then(() => (isOver = true))
    try {
      await eventually(() => isOver, 30_000)
    } finally {
      child.kill('SIGKILL')
    }
    expect(child.exitCode).toBe(0)
  })
})
