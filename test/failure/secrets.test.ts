import { vaultCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import { inspect } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { logEvents, startTestBed, type TestBed } from '../support/app'
import { poll } from '../support/poll'
import { startRecordingProxy } from '../support/recording-proxy'

let bed: TestBed
beforeAll(async () => void (bed = await startTestBed()))
afterAll(() => bed.stop())

/** Everything that a logger or an error tracker might do with a value. */
function shown(value: unknown): string {
  const texts = [inspect(value, { depth: 12 }), JSON.stringify(value, errorsToo), String(value)]
  if (value instanceof Error) texts.push(value.stack ?? '', shown(value.cause ?? ''))
  return texts.join('\n')
}

function errorsToo(_: string, value: unknown): unknown {
  return value instanceof Error
    ? { ...value, name: value.name, message: value.message, stack: value.stack, cause: value.cause }
    : value
}

test('no password, token or secret_id in events, errors, status, inspect, JSON, stacks or on the console', async () => {
  const printed: string[] = []
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      printed.push(String(chunk))
      return true
    }),
  )
  const warnings: Error[] = []
  process.on('warning', (warning) => warnings.push(warning))
  // Whatever goes over the wire: Vault's answers hold the tokens, passwords and lease ids that nobody may see.
  const proxy = await startRecordingProxy(bed.vault.address)
  const given = new Set<string>([bed.login.secretId, bed.vault.rootToken])
  const seen: string[] = []
  const failure = async (work: Promise<unknown>): Promise<void> => {
    const error = await work.then(
      () => undefined,
      (cause: unknown) => cause,
    )
    expect(error).toBeInstanceOf(Error)
    seen.push(shown(error))
  }
  try {
    const credentials = await bed.credentials({ address: proxy.address })
    const log = logEvents(credentials)
    const { host, port } = bed.database
    const pool = new LeasedPool({ host, port, database: 'app', max: 2 }, credentials)
    const db = knex(
      leasedKnex(
        { client: 'pg', connection: { host, port, database: 'app' }, pool: { min: 0, max: 2 }, debug: true },
        credentials,
      ),
    )
    await Promise.all([pool.query('SELECT 1'), db.raw('SELECT 1')])
    for (let round = 0; round < 3; round++) await credentials.rotate()
    const client = await pool.connect()
    seen.push(
      ...[credentials, credentials.current(), credentials.status(), pool, client, db.client, pool.options].map((value) =>
        inspect(value, { depth: 12 }),
      ),
    )
    seen.push(JSON.stringify([credentials.current(), credentials.status(), pool.options, { ...credentials.current() }]))
    client.release()
    await poll(
      'a renewal',
      () => log.of('renewed').length,
      (count) => count > 0,
    )

    await failure(pool.query('SELECT broken FROM nowhere'))
    await failure(db.raw('SELECT broken FROM nowhere'))
    const wrong = 'wrong-secret-11112222-3333'
    given.add(wrong).add('hvs.token-of-nobody-0123456789')
    const common = { address: bed.vault.address, mount: 'app-db', role: 'app', startTimeoutMs: 300 } as const
    await failure(
      vaultCredentials({ ...common, auth: { method: 'approle', mount: 'apps', roleId: bed.login.roleId, secretId: wrong } }),
    )
    await failure(vaultCredentials({ ...common, auth: { method: 'token', token: 'hvs.token-of-nobody-0123456789' } }))
    await failure(
      vaultCredentials({ ...common, address: 'http://127.0.0.1:9', auth: { method: 'token', token: bed.vault.rootToken } }),
    )
    await failure(vaultCredentials({ ...common, auth: { method: 'token', tokn: bed.vault.rootToken } as never }))
    await failure(vaultCredentials({ ...common, auth: bed.vault.rootToken as never }))
    await bed.api('DELETE', 'sys/policies/acl/app') // else a refused login would lead to a new credential, and go well
    await bed.database.sql(`ALTER ROLE "${credentials.current().username}" NOLOGIN`)
    const lockedOut = new LeasedPool({ host, port, database: 'app', max: 1 }, credentials)
    await failure(lockedOut.query('SELECT 1'))
    await Promise.all([pool.end(), lockedOut.end(), db.destroy()])
    await credentials.close()
    seen.push(...log.all.map(({ event }) => shown(event)))
  } finally {
    for (const spy of spies) spy.mockRestore()
    await proxy.close()
  }
  seen.push(...printed, ...warnings.map(shown))
  const secrets = [...given, ...proxy.secrets]
  const leaks = secrets.filter((secret) => seen.some((text) => text.includes(secret)))
  expect(proxy.secrets.size).toBeGreaterThanOrEqual(9) // a token, four passwords, four lease ids
  expect(seen.length).toBeGreaterThan(30)
  expect(leaks).toEqual([])
})
