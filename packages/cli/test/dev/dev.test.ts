import { execFile } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildPackages } from '../../../../test/support/build'
import { startDatabase, type TestDatabase } from '../../../../test/support/database'
import { launch, launchDev, type ReadyLine } from '../../../../test/support/leasepool-dev'
import { startMariaDb, type TestMysql } from '../../../../test/support/mysql'
import { poll } from '../../../../test/support/poll'
import { ownedFolder } from '../../../dev-vault/src/embedded/orphans'

/** The compiled command in a process of its own, as people start it. */
let database: TestDatabase
let tmp: string
beforeAll(async () => {
  tmp = await ownedFolder('test-cli')
  chmodSync(tmp, 0o755) // as root, PostgreSQL runs as another user
  await buildPackages()
  database = await startDatabase()
})
afterAll(async () => {
  await database.stop()
  rmSync(tmp, { recursive: true, force: true })
})

interface Issued {
  readonly lease_id: string
  readonly data: { readonly username: string; readonly password: string }
}

async function takeUser({ address, token }: ReadyLine, role = 'app'): Promise<Issued> {
  const response = await fetch(`${address}/v1/database/creds/${role}`, { headers: { 'X-Vault-Token': token } })
  expect(response.status).toBe(200)
  return (await response.json()) as Issued
}

describe('in a PostgreSQL that is named', () => {
  test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s drops every user, says so, and ends with 0', async (signal) => {
    const { running, ready } = await launchDev(['--postgres', database.url])
    const users = [await takeUser(ready), await takeUser(ready)].map(({ data }) => data.username)
    expect(await database.users()).toEqual([...users].sort())
    running.kill(signal)
    expect(await running.exit).toBe(0)
    expect(await database.users()).toEqual([])
    expect(
      running
        .lines()
        .filter(({ type }) => type === 'ending' || type === 'ended')
        .slice(-1),
    ).toEqual([{ type: 'ended', dropped: 2, left: 0 }])
    expect(running.lines()).toContainEqual({ type: 'ending', why: signal, users: 2 })
    expect(running.stderr()).toBe('')
  })

  test('one Ctrl-C that arrives twice, as below npx, does not cut the end short', async () => {
    const { running, ready } = await launchDev(['--postgres', database.url])
    await takeUser(ready)
    running.kill('SIGINT')
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
    expect(await database.users()).toEqual([])
  })

  test('a second Ctrl-C ends at once, and says what is left', async () => {
    const { running, ready } = await launchDev(['--postgres', database.url])
    const { data } = await takeUser(ready)
    // A session that holds the user's row makes the database wait with dropping it.
    const holder = new Client(database.url)
    await holder.connect()
    await holder.query('BEGIN')
    await holder.query(`ALTER ROLE "${data.username}" CONNECTION LIMIT 5`)
    running.kill('SIGINT')
    await running.line('ending')
    await sleep(600) // within half a second it counts as the same press
    running.kill('SIGINT')
    expect(await running.exit).toBe(130)
    expect(running.stderr()).toContain('ended at once; 1 database user may be left')
    await holder.query('ROLLBACK')
    await holder.end()
    await poll('the session of the ended process is gone', dropLeftUsers, (left) => left === 0)
  })

  test('closed output ends it, too', async () => {
    const { running, ready } = await launchDev(['--postgres', database.url])
    await takeUser(ready)
    running.closeOutput()
    await takeUser(ready) // makes it write
    expect(await running.exit).toBe(0)
    expect(await database.users()).toEqual([])
  })

  test('users that cannot be dropped give exit code 1 and the reason', async () => {
    const { running, ready } = await launchDev(['--postgres', database.url])
    const { data } = await takeUser(ready)
    await database.sql(`CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO "${data.username}"`)
    running.kill('SIGINT')
    expect(await running.exit).toBe(1)
    expect(running.lines().at(-1)).toEqual({ type: 'ended', dropped: 0, left: 1 })
    expect(running.stderr()).toMatch(/^leasepool: 1 of 1 database users could not be dropped: .*2BP01/)
    await database.sql('DROP TABLE kept')
    await dropLeftUsers()
  })

  test('the user logs in, has its rights, and ends by itself', async () => {
    const { running, ready } = await launchDev([
      '--postgres',
      database.url.replace(/postgres$/, 'app'),
      '--ttl',
      '4s',
      '--max-ttl',
      '8s',
    ])
    const { data, lease_id } = await takeUser(ready)
    const [{ host, port, database: name }] = ready.databases as [ReadyLine['databases'][0]]
    const client = new Client({ host, port, database: name, user: data.username, password: data.password })
    await client.connect()
    await client.query(`UPDATE item SET label = 'seen' WHERE id = 1`)
    await client.end()
    const ended = await running.line('ended')
    expect(ended).toMatchObject({ leaseId: lease_id, role: 'app', username: data.username, reason: 'expired' })
    expect(await database.users()).toEqual([])
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
    expect(running.stdout()).not.toContain(data.password)
  })

  test('an AppRole login takes a user and gives it back, shown as text without secrets', async () => {
    const running = launch(['dev', '--port', '0', '--postgres', database.url])
    await poll(
      'it serves',
      () => running.stdout(),
      (text) => text.includes('Ctrl-C'),
      30_000,
    )
    const variable = (name: string): string => new RegExp(`export ${name}=(\\S+)`).exec(running.stdout())![1]!
    const address = variable('VAULT_ADDR')
    const credentials = { role_id: variable('VAULT_ROLE_ID'), secret_id: variable('VAULT_SECRET_ID') }
    const login = await fetch(`${address}/v1/auth/approle/login`, { method: 'POST', body: JSON.stringify(credentials) })
    const { auth } = (await login.json()) as { auth: { client_token: string } }
    const { data, lease_id } = await takeUser({ address, token: auth.client_token } as ReadyLine)
    const post = (path: string): Promise<Response> =>
      fetch(`${address}/v1/${path}`, {
        method: 'POST',
        headers: { 'X-Vault-Token': auth.client_token },
        body: JSON.stringify({ lease_id }),
      })
    expect((await post('sys/leases/renew')).status).toBe(200)
    expect((await post('sys/leases/revoke')).status).toBe(204)
    expect((await post('sys/mounts/other')).status).toBe(403)
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
    const log = running.stdout().split('drops every user it has made.\n')[1]!
    expect(
      log
        .trim()
        .split('\n')
        .map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, '')),
    ).toEqual([
      'login    at auth/approle',
      `issued   ${data.username} for role app, 1m`,
      `renewed  ${data.username}, 1m`,
      `revoked  ${data.username} is dropped`,
      'refused  POST sys/mounts/other: 403',
      '',
      'Ending (SIGINT): no database users to drop',
      'Nothing is left.',
    ])
    for (const secret of [data.password, auth.client_token]) expect(running.stdout()).not.toContain(secret)
  })

  test('a port that is taken is an error that says what to do', async () => {
    const server = createServer()
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
    )
    const running = launch(['dev', '--postgres', database.url, '--port', String(port)])
    expect(await running.exit).toBe(1)
    expect(running.stderr()).toBe(
      `leasepool: Port ${port} of 127.0.0.1 is taken, perhaps by a Vault that runs already: stop that, or choose another with --port (0 takes a free one)\n`,
    )
    await new Promise((resolve) => server.close(resolve))
  })

  test('a database that is down is an error without the password', async () => {
    const running = launch(['dev', '--port', '0', '--postgres', 'postgres://admin:very-secret@127.0.0.1:9/app'])
    expect(await running.exit).toBe(1)
    expect(running.stderr()).toMatch(
      /^leasepool: Database "postgres": .*(ECONNREFUSED|connection refused).* Is the server up, .*\n$/,
    )
    expect(running.stderr()).not.toContain('very-secret')
  })

  test('it does not start where NODE_ENV is production', async () => {
    const running = launch(['dev', '--port', '0', '--postgres', database.url], { env: { NODE_ENV: 'production' } })
    expect(await running.exit).toBe(1)
    expect(running.stderr()).toContain('does not start with NODE_ENV=production')
  })
})

describe('with a PostgreSQL of its own', () => {
  test('the curl line works as it is, and nothing is left after Ctrl-C', async () => {
    const running = launch(['dev', '--port', '0'])
    await poll(
      'it serves',
      () => running.stdout(),
      (text) => text.includes('Ctrl-C'),
      30_000,
    )
    const line = /^ {2}(curl .*)$/m.exec(running.stdout())![1]!
    const { stdout } = await promisify(execFile)('sh', ['-c', line])
    const { data } = JSON.parse(stdout) as Issued
    const admin = new Client(/psql (\S+)/.exec(running.stdout())![1]!)
    await admin.connect()
    const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory')
    const folder = rows[0]!.data_directory
    await admin.end()
    expect(existsSync(folder)).toBe(true)
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
    expect(running.stdout()).toContain(`revoked  ${data.username} is dropped`)
    expect(running.stdout().endsWith('Dropped 1 database user. Nothing is left.\n')).toBe(true)
    expect(existsSync(folder)).toBe(false)
  })

  test('a kill leaves no server behind', async () => {
    const { running, ready } = await launchDev([])
    const admin = new Client(ready.databases[0]!.adminUrl!)
    await admin.connect()
    admin.on('error', () => undefined)
    const { rows } = await admin.query<{ data_directory: string }>('SHOW data_directory')
    running.kill('SIGKILL')
    expect(await running.exit).toBe('SIGKILL')
    await poll(
      'the data folder is gone',
      () => existsSync(rows[0]!.data_directory),
      (exists) => !exists,
      20_000,
    )
    await admin.end().catch(() => undefined)
  })

  test('it ends, with exit code 1, when PostgreSQL is gone', async () => {
    const { running } = await launchDev([])
    const { stdout } = await promisify(execFile)('pgrep', ['--parent', String(running.pid)])
    process.kill(Number(stdout), 'SIGKILL') // the process of the server, which is the only one
    expect(await running.exit).toBe(1)
    expect(running.lines().slice(-2)).toEqual([
      { type: 'ending', why: 'PostgreSQL ended', users: 0 },
      { type: 'ended', dropped: 0, left: 0 },
    ])
  })

  test('Ctrl-C while PostgreSQL starts ends it, with nothing left', async () => {
    const folders = (): string[] => readdirSync(tmp).filter((name) => name.startsWith('leasepool-postgres-'))
    const running = launch(['dev', '--port', '0'], { env: { TMPDIR: tmp } })
    await poll(
      'its folder is made',
      () => folders().length,
      (count) => count === 1,
    )
    running.kill('SIGINT')
    expect(await running.exit).toBe(1)
    expect(running.stderr()).toBe('leasepool: It was ended before its PostgreSQL had started\n')
    expect(folders()).toEqual([])
  })
})

describe('in a MariaDB that is named', () => {
  let mariadb: TestMysql
  beforeAll(async () => void (mariadb = await startMariaDb()))
  afterAll(() => mariadb.stop())

  test('makes users there, with rights in that database, and drops them', async () => {
    const { name, url } = await mariadb.createDatabase('app')
    await mariadb.sql(`CREATE TABLE ${name}.item (id int)`)
    const { running, ready } = await launchDev(['--mysql', url])
    expect(ready.databases).toEqual([{ kind: 'mysql', host: mariadb.host, port: mariadb.port, database: name, role: 'app' }])
    const { data } = await takeUser(ready)
    const login = { host: mariadb.host, port: mariadb.port, user: data.username, password: data.password }
    const connection = await createConnection({ ...login, database: name })
    await connection.query('INSERT INTO item VALUES (1)')
    await expect(connection.query('SELECT * FROM mysql.user')).rejects.toMatchObject({ errno: 1142 })
    await connection.end()
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
    expect(await mariadb.users()).toEqual([])
  })

  test('beside a PostgreSQL, each has a role', async () => {
    const { url } = await mariadb.createDatabase('app')
    const { running, ready } = await launchDev(['--mysql', url, '--postgres', database.url])
    await takeUser(ready, 'app')
    await takeUser(ready, 'app-mysql')
    expect([(await database.users()).length, (await mariadb.users()).length]).toEqual([1, 1])
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
    expect([...(await database.users()), ...(await mariadb.users())]).toEqual([])
  })
})

async function dropLeftUsers(): Promise<number> {
  for (const user of await database.users()) {
    await database.sql(`DROP OWNED BY "${user}"; DROP ROLE "${user}"`).catch(() => undefined)
  }
  return (await database.users()).length
}
