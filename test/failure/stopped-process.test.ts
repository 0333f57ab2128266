import { startDevVault } from '@leasepool/dev-vault'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPackages } from '../support/build'
import { startDatabase, type TestDatabase } from '../support/database'
import { poll } from '../support/poll'

let database: TestDatabase
beforeAll(async () => {
  await buildPackages()
  database = await startDatabase()
})
afterAll(() => database.stop())

/** An app that answers each line with the user of its query, or with what went wrong. */
const APP = `
  const { vaultCredentials } = require('@leasepool/core')
  const { LeasedPool } = require('@leasepool/pg-adapter')
  const { createInterface } = require('node:readline')
  const { address, auth, where } = JSON.parse(process.env.APP_SETTINGS)
  const main = async () => {
    const credentials = await vaultCredentials({ address, auth, role: 'app' })
    const pool = new LeasedPool({ ...where, max: 2 }, credentials)
    const answer = () => pool.query('SELECT session_user').then(({ rows }) => rows[0].session_user, (error) => 'failed: ' + error.message)
    console.log(await answer())
    for await (const line of createInterface(process.stdin)) {
      if (line === 'end') break
      console.log(await answer())
    }
    await pool.end()
    await credentials.close()
  }
  main()
`

test('a process that was stopped for longer than its lease answers its first query after waking', async () => {
  const vault = await startDevVault({
    databases: { pg: { url: database.url } },
    roles: {
      app: {
        database: 'pg',
        creationStatements: [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`],
        revocationStatements: ['DROP ROLE IF EXISTS "{{name}}"'],
        defaultTtlSeconds: 4,
        maxTtlSeconds: 3600,
      },
    },
    policies: { app: { 'database/creds/app': ['read'], 'sys/leases/revoke': ['update'] } },
    appRoles: { app: { policies: ['app'] } },
  })
  const where = { host: database.host, port: database.port, database: 'app' }
  const auth = { method: 'approle', ...vault.appRole('app') }
  const env = { ...process.env, APP_SETTINGS: JSON.stringify({ address: vault.address, auth, where }) }
  const app = spawn(process.execPath, ['-e', APP], { cwd: __dirname, env, stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface(app.stdout)[Symbol.asyncIterator]()
  const said = async (): Promise<string> => String((await lines.next()).value)
  try {
    const first = await said()
    expect(await database.users()).toEqual([first])

    app.kill('SIGSTOP')
    await poll(
      'the lease has ended, and its user is gone',
      () => database.users(),
      (users) => users.length === 0,
    )
    await sleep(500) // and well past it
    app.stdin.write('query\n') // there when it wakes: nothing comes before it
    app.kill('SIGCONT')
    const second = await said()
    expect(await database.users()).toEqual([second])
    expect(second).not.toBe(first)

    app.stdin.end('end\n')
    expect(await once(app, 'exit')).toEqual([0, null])
    expect(await database.users()).toEqual([])
  } finally {
    app.kill('SIGCONT')
    app.kill('SIGKILL')
    await vault.close()
  }
})
