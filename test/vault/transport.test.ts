import { vaultCredentials, type LeasedCredentials, type VaultCredentialsOptions } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import nodeVault from 'node-vault'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { logEvents } from '../support/app'
import { startDatabase, type TestDatabase } from '../support/database'
import { describeWithVault } from '../support/describe-with-vault'
import { poll } from '../support/poll'
import { setUpVault } from '../support/vault-api'
import { startVaultCluster, type VaultCluster } from '../support/vault-cluster'

/** Vault as it runs in production, with several servers: one is sealed, killed, or passes nothing on. dev-vault is one server. */
const started: LeasedCredentials[] = []
let database: TestDatabase
let cluster: VaultCluster
let login: { roleId: string; secretId: string }

async function open(size: number): Promise<void> {
  database = await startDatabase()
  cluster = await startVaultCluster(size)
  login = await setUpVault(await cluster.api(), { postgresUrl: database.url, defaultTtl: '30s', maxTtl: '5m' })
}

async function close(): Promise<void> {
  await cluster.stop()
  await database.stop()
}

async function start(options: Partial<VaultCredentialsOptions>): Promise<LeasedCredentials> {
  const auth = { method: 'approle', mount: 'apps', ...login } as const
  const credentials = await vaultCredentials({ auth, mount: 'app-db', role: 'app', ...options })
  started.push(credentials)
  return credentials
}

async function nobodyLeft(): Promise<void> {
  await Promise.all(started.splice(0).map((credentials) => credentials.close()))
  await poll(
    'no leased user is left',
    () => database.users(),
    (users) => users.length === 0,
    60_000,
  )
}

const poolOf = (credentials: LeasedCredentials): LeasedPool =>
  new LeasedPool({ host: database.host, port: database.port, database: 'app', max: 2 }, credentials)

async function works(pool: LeasedPool, credentials: LeasedCredentials): Promise<void> {
  const { rows } = await pool.query<{ session_user: string }>('SELECT session_user')
  expect(rows).toEqual([{ session_user: credentials.current().username }])
}

describeWithVault('three servers', () => {
  beforeAll(() => open(3), 120_000)
  afterAll(close)
  afterEach(nobodyLeft)

  test('of which one is a standby: it passes requests on', async () => {
    const { standby } = await cluster.roles()
    const credentials = await start({ address: standby!.address })
    await credentials.rotate()
    expect(credentials.generation).toBe(2)
  })

  test('of which a standby passes nothing on: its redirect is followed within the cluster, and only there', async () => {
    const { standby } = await cluster.roles()
    let redirects = 0
    const between = createServer((incoming, outgoing) => {
      const headers = { ...incoming.headers, 'x-vault-no-request-forwarding': 'true' }
      const passed = request(new URL(incoming.url!, standby!.address), { method: incoming.method, headers }, (answer) => {
        if (answer.statusCode === 307) redirects += 1
        answer.pipe(outgoing.writeHead(answer.statusCode!, answer.headers))
      })
      incoming.pipe(passed)
    })
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(between.address() as AddressInfo).port}`
    const credentials = await start({ address })
    await credentials.rotate()
    await credentials.close()
    expect(await database.users()).toEqual([])
    expect(redirects).toBeGreaterThanOrEqual(5) // login, two users, their leases, the token
    between.closeAllConnections()
    between.close()
  })

  test('through a client of node-vault that the app has', async () => {
    const { active } = await cluster.roles()
    const client = nodeVault({ endpoint: active.address })
    const credentials = await start({ nodeVault: client })
    await credentials.rotate()
    await credentials.close()
    expect(await database.users()).toEqual([])
  })

  test('of which the active one is killed: renewals and rotations go on with another', async () => {
    const { active } = await cluster.roles()
    const address = [active.address, ...cluster.nodes.filter((node) => node !== active).map((node) => node.address)]
    const credentials = await start({ address, requestTimeoutMs: 5_000 })
    const log = logEvents(credentials)
    const pool = poolOf(credentials)
    await works(pool, credentials)
    await active.kill()
    const before = credentials.generation
    await poll(
      'a rotation with another server',
      async () => {
        await works(pool, credentials)
        await credentials.rotate().catch(() => undefined)
        return credentials.generation
      },
      (generation) => generation > before,
      60_000,
    )
    await works(pool, credentials)
    const renewed = log.of('renewed').length
    await poll(
      'a renewal by another server',
      () => log.of('renewed').length,
      (count) => count > renewed,
      40_000,
    )
    expect(credentials.status().health.state).toBe('healthy')
    await pool.end()
  })
})

describeWithVault('a server that is sealed', () => {
  beforeEach(() => open(1), 120_000)
  afterEach(async () => {
    await nobodyLeft()
    await close()
  })

  test('before a rotation: it fails, the current user serves on, and it is made up for when it is unsealed', async () => {
    const [node] = cluster.nodes
    const credentials = await start({ address: node!.address })
    const pool = poolOf(credentials)
    await (
      await cluster.api()
    )('PUT', 'sys/seal')
    await expect(credentials.rotate()).rejects.toMatchObject({ code: 'ERR_VAULT_UNAVAILABLE', status: 503 })
    await works(pool, credentials)
    await node!.unseal()
    await poll(
      'a rotation',
      () => credentials.rotate().then(
        () => credentials.generation,
        () => 1,
      ),
      (generation) => generation > 1,
      30_000,
    ) // prettier-ignore
    await works(pool, credentials)
    await pool.end()
  })

  test('in the middle of one: it goes on, and the old user is given back when it is unsealed', async () => {
    const [node] = cluster.nodes
    const api = await cluster.api()
    const credentials = await start({ address: node!.address })
    const log = logEvents(credentials)
    const pool = poolOf(credentials)
    credentials.attach({
      name: 'gate',
      probe: () => api('PUT', 'sys/seal').then(() => 'logged-in' as const),
      promote: () => undefined,
      drain: () => Promise.resolve(),
      stats: () => ({ name: 'gate', max: 1, sockets: 0, idle: 0, borrowed: 0, stale: 0 }),
    })
    await credentials.rotate()
    await works(pool, credentials)
    expect(credentials.generation).toBe(2)
    expect(await database.users()).toHaveLength(2)
    await node!.unseal()
    await poll(
      'the first user is given back',
      () => log.of('revoked').length,
      (count) => count === 1,
      60_000,
    )
    expect(await database.users()).toEqual([credentials.current().username])
    await pool.end()
  })
})
