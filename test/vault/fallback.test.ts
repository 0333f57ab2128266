import { fallback, fixedLogin, LeasedCredentials, vaultClient } from '@leasepool/core'
import { LeasedPool } from '@leasepool/pg-adapter'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { startProxy, type Proxy } from '../support/proxy'

/** A break-glass user for when Vault is away, the same for dev-vault and for real Vault. */
let bed: TestBed
let proxy: Proxy
beforeAll(async () => {
  // Left at three quarters of its time; what then remains must do for a machine that runs other tests too.
  bed = await startTestBed({ defaultTtl: '10s', maxTtl: '1m' })
  await bed.database.sql(`CREATE ROLE break_glass LOGIN PASSWORD 'of the safe' IN ROLE app_rw`)
  proxy = await startProxy(Number(new URL(bed.vault.address).port))
})
afterAll(async () => {
  await proxy.close()
  await bed.stop()
})

test('serves at the start and when the lease is about to end, is left each time Vault is back, and no query fails', async () => {
  const auth = { method: 'approle', mount: 'apps', ...bed.login } as const
  const vault = vaultClient({ address: `http://127.0.0.1:${proxy.port}`, auth, requestTimeoutMs: 500 })
  const glass = fixedLogin({ username: 'break_glass', password: 'of the safe' })
  const source = fallback([vault.dynamicRole({ mount: 'app-db', role: 'app' }), glass], { afterMs: 500 })
  proxy.hang()
  const credentials = await LeasedCredentials.start(source)
  const log = logEvents(credentials)
  const pool = new LeasedPool({ host: bed.database.host, port: bed.database.port, database: 'app', max: 2 }, credentials)
  const failures: unknown[] = []
  const users = new Set<string>()
  let isOver = false
  const caller = async (): Promise<void> => {
    while (!isOver) {
      await pool.query<{ session_user: string }>('SELECT session_user, pg_sleep(0.01)').then(
        ({ rows }) => users.add(rows[0]!.session_user),
        (error: unknown) => failures.push(error),
      )
    }
  }
  const callers = [caller(), caller(), caller()]
  const moves = (): string[] => log.all.map(({ name }) => name).filter((name) => name === 'fellBack' || name === 'cameBack')
  const moved = (expected: string[]) => poll('where it serves from', moves, (all) => all.length >= expected.length, 30_000)

  expect(credentials.current().username).toBe('break_glass')
  proxy.letGo()
  await moved(['cameBack'])
  expect(credentials.current().username).toMatch(/^v-/)
  proxy.hang()
  await moved(['cameBack', 'fellBack'])
  expect(credentials.current().username).toBe('break_glass')
  expect(credentials.status().health).toMatchObject({ state: 'degraded', reasons: ['fallback'] })
  proxy.letGo()
  expect(await moved(['cameBack', 'fellBack', 'cameBack'])).toEqual(['cameBack', 'fellBack', 'cameBack'])
  await poll(
    'health',
    () => credentials.status().health.state,
    (state) => state === 'healthy',
  )
  isOver = true
  await Promise.all(callers)
  await pool.end()
  expect(failures).toEqual([])
  expect(users.size).toBeGreaterThanOrEqual(3)
  await credentials.close()
  await vault.close()
  await poll(
    'no leased user is left',
    () => bed.database.users(),
    (left) => left.length === 0,
    20_000,
  )
})
