import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type DevVault, type EmbeddedPostgres, startDevVault, startEmbeddedPostgres } from '../src/index'
import { type Answered, type Call, caller, eventually, Inspector, login, TestClock } from './support'

const CREATE = `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`

let postgres: EmbeddedPostgres
let url: string
let database: Inspector
let vault: DevVault
let clock: TestClock
let root: Call

beforeAll(async () => {
  postgres = await startEmbeddedPostgres()
  url = await postgres.createDatabase('app')
  database = new Inspector(url)
})

beforeEach(async () => {
  clock = new TestClock()
  const ro = { database: 'pg', creationStatements: [CREATE], defaultTtlSeconds: 600 }
  vault = await startDevVault({ databases: { pg: { url } }, roles: { ro }, clock })
  root = caller(vault.address, vault.rootToken)
})

afterEach(async () => {
  await vault.close()
  expect(await database.dynamicUsers()).toEqual([])
})

afterAll(async () => {
  await database?.pool.end()
  await postgres?.stop()
})

function config(name: string, more: object = {}): Promise<Answered> {
  const { host, username, password } = new URL(url)
  return root('POST', `database/config/${name}`, {
    plugin_name: 'postgresql-database-plugin',
    connection_url: `postgresql://{{username}}:{{password}}@${host}/app?sslmode=disable`,
    username,
    password,
    allowed_roles: 'ro, via*',
    ...more,
  })
}

async function via(connection: string, more: object = {}): Promise<Answered> {
  await root('POST', 'database/roles/via', { db_name: connection, creation_statements: CREATE, default_ttl: 60, ...more })
  return root('GET', 'database/creds/via')
}

describe('connections', () => {
  it('keep all fields that were sent, merge them at an update, and show no password', async () => {
    expect((await config('own', { foo: 1, root_rotation_statements: 'x' })).status).toBe(204)
    expect((await root('POST', 'database/config/own', { allowed_roles: ['*'], max_open_connections: 2 })).status).toBe(204)
    const { data } = (await root('GET', 'database/config/own')).body
    const { host } = new URL(url)
    expect(data).toEqual({
      allowed_roles: ['*'],
      connection_details: {
        connection_url: `postgresql://{{username}}:{{password}}@${host}/app?sslmode=disable`,
        foo: 1,
        max_open_connections: 2,
        username: 'postgres',
      },
      disable_automated_rotation: false,
      password_policy: '',
      plugin_name: 'postgresql-database-plugin',
      plugin_version: '',
      root_credentials_rotate_statements: ['x'],
      rotation_period: 0,
      rotation_schedule: '',
      rotation_window: 0,
      skip_static_role_import_rotation: false,
      verify_connection: true,
    })
    expect((await root('LIST', 'database/config')).body.data.keys).toEqual(['own', 'pg'])
  })

  it.each([
    [{ plugin_name: '' }, 'empty plugin name'],
    [{ connection_url: '' }, 'error creating database object: connection_url cannot be empty'],
    [
      { username: '', password: '' },
      "error creating database object: must either provide username/password or set self-managed to 'true'",
    ],
    [
      { username: 'a{{password}}' },
      'error creating database object: username and/or password cannot contain the template variables',
    ],
    [{ password_authentication: 'md5' }, "error creating database object: 'md5' is not a valid password authentication type"],
    [{ auth_type: 'x' }, 'error creating database object: invalid auth_type: x'],
    [
      { max_connection_lifetime: 'x' },
      'error creating database object: invalid max_connection_lifetime: time: invalid duration "x"',
    ],
    [{ tls_certificate: 'x' }, 'error creating database object: both "sslcert" and "sslkey" are required'],
    [
      { rotation_period: '24h' },
      'error registering rotation job: error registering rotation job: rotation manager capabilities not supported in Vault community edition',
    ],
  ])('refuse %j', async (more, text) => {
    expect(await config('own', more)).toEqual({ status: 400, body: { errors: [text] } })
    expect((await root('GET', 'database/config/own')).status).toBe(404)
  })

  it('say why they cannot be verified, without the password', async () => {
    const { body } = await config('own', { password: 'a wrong/one' })
    expect(body.errors[0]).toBe(
      'error creating database object: error verifying connection: ping failed: failed to connect to `host=127.0.0.1 user=postgres database=app`: failed SASL auth (FATAL: password authentication failed for user "postgres" (SQLSTATE 28P01))',
    )
    expect((await config('own', { password: 'a wrong/one', verify_connection: false })).status).toBe(204)
    expect(await via('own')).toMatchObject({ status: 500 })
  })

  it('send verifiers instead of passwords if they are told to', async () => {
    await config('own', { password_authentication: 'scram-sha-256' })
    const { data } = (await via('own', { revocation_statements: 'DROP ROLE "{{name}}"' })).body
    expect(await login(url, data.username, data.password)).toBe('ok')
    const show = [CREATE, `DO $$ BEGIN RAISE '{{password}}'; END $$`]
    const { body } = await via('own', { creation_statements: show })
    expect(body.errors[0]).toContain('SCRAM-SHA-256$4096:')
  })

  it('take names from a template and passwords from a policy', async () => {
    const policy = 'length = 30\nrule "charset" { charset = "xyz" }'
    expect((await root('POST', 'sys/policies/password/long', { policy })).status).toBe(204)
    await config('own', { username_template: 'v-{{ .RoleName | uppercase }}-{{ random 6 }}', password_policy: 'long' })
    const { data } = (await via('own')).body
    expect(data.username).toMatch(/^v-VIA-[A-Za-z0-9]{6}$/)
    expect(data.password).toMatch(/^[xyz]{30}$/)
    const { body } = await via('own', { credential_config: { password_policy: 'absent' } })
    expect(body.errors[0]).toContain('failed to generate password: no password policy found')
  })

  it('are opened anew by reset and by reload', async () => {
    await config('own')
    expect(await root('POST', 'database/reset/own')).toMatchObject({ status: 204 })
    expect((await root('POST', 'database/reset/absent')).body.errors[0]).toContain('failed to find entry for connection')
    const { data } = (await root('POST', 'database/reload/postgresql-database-plugin')).body
    expect(data).toEqual({ connections: ['own', 'pg'], count: 2 })
    expect((await via('own')).status).toBe(200)
  })
})

describe('dynamic roles', () => {
  it('issue nothing but passwords', async () => {
    expect(await root('POST', 'database/roles/key', { db_name: 'pg', credential_type: 'foo' })).toEqual({
      status: 400,
      body: { errors: ['invalid credential_type "foo"'] },
    })
    await root('POST', 'database/roles/key', { db_name: 'pg', credential_type: 'rsa_private_key', creation_statements: 'x' })
    expect((await root('GET', 'database/roles/key')).body.data.credential_config).toEqual({ format: 'pkcs8', key_bits: 2048 })
    expect(await root('GET', 'database/creds/key')).toEqual({
      status: 400,
      body: { errors: ['unsupported credential_type: "rsa_private_key"'] },
    })
  })

  it('go by their present statements when a lease ends, and by their last ones once they are deleted', async () => {
    const first = (await via('pg', { revocation_statements: 'nonsense' })).body
    const revoke = (): Promise<Answered> => root('POST', 'sys/leases/revoke', { lease_id: first.lease_id })
    expect((await revoke()).body.errors[0]).toMatch(/^failed to revoke entry: .* err: ERROR: syntax error/)
    await root('POST', 'database/roles/via', { revocation_statements: '' })
    expect((await revoke()).status).toBe(204)
    const second = (await via('pg', { revocation_statements: 'DROP ROLE "{{name}}"' })).body
    await root('DELETE', 'database/roles/via')
    expect((await root('POST', 'sys/leases/revoke', { lease_id: second.lease_id })).status).toBe(204)
  })

  it.each([`v-{{ "\\"; DROP ROLE postgres" }}`, `v-{{ "it's" }}`, 'v-a\\b', 'v-a;b', 'v-{{ "a\\u0000b" }}', 'v-a`b'])(
    'make no user by the template %s, which could leave its quotes',
    async (username_template) => {
      await config('own', { username_template })
      const { status, body } = await via('own')
      expect({ status, text: body.errors[0] }).toEqual({
        status: 500,
        text: expect.stringContaining('holds a quote, backslash') as string,
      })
    },
  )

  it.each(['a%22b', 'a%27b', 'a%3Bb', 'a%5Cb', 'a%00b', 'a%20b'])('have no name such as %s', async (name) => {
    for (const folder of ['roles', 'static-roles', 'config'])
      expect([400, 404]).toContain((await root('POST', `database/${folder}/${name}`, { db_name: 'pg' })).status)
  })
})

describe('static roles', () => {
  beforeEach(async () => {
    await database.pool.query(`CREATE ROLE svc LOGIN PASSWORD 'first'`)
  })

  afterEach(async () => {
    await database.pool.query('DROP ROLE IF EXISTS svc')
  })

  const write = (more: object = {}): Promise<Answered> =>
    root('POST', 'database/static-roles/svc', { db_name: 'pg', username: 'svc', ...more })

  async function read(): Promise<{ password: string; ttl: number; last_vault_rotation: string }> {
    return (await root('GET', 'database/static-creds/svc')).body.data
  }

  /** Turns the clock until the engine has looked, and waits until it is done. */
  async function tick(): Promise<void> {
    await clock.advance(5_000)
    await eventually(() => clock.nextMs() !== undefined)
  }

  it('change the password at once, then at the first look after each period', async () => {
    expect((await write({ rotation_period: 12 })).status).toBe(204)
    const first = await read()
    expect(first.ttl).toBe(12)
    expect(await login(url, 'svc', first.password)).toBe('ok')
    await tick()
    await tick()
    expect(await read()).toEqual({ ...first, ttl: 2 })
    await tick()
    await eventually(async () => (await read()).password !== first.password)
    expect((await read()).ttl).toBe(12)
    expect([await login(url, 'svc', first.password), await login(url, 'svc', (await read()).password)]).toEqual(['28P01', 'ok'])
  })

  it('keep the password while the server is sealed', async () => {
    await write({ rotation_period: 5 })
    const { password } = await read()
    vault.seal(true)
    await tick()
    await tick()
    vault.seal(false)
    expect((await read()).password).toBe(password)
    await tick()
    await eventually(async () => (await read()).password !== password)
  })

  it('say that the database refused, and keep the last password that works', async () => {
    await write({ rotation_period: 60 })
    const { password } = await read()
    await write({ rotation_period: 60, rotation_statements: [`ALTER ROLE "{{name}}" PASSWORD '{{password}}'; nonsense`] })
    const failed = await root('POST', 'database/rotate-role/svc')
    expect(failed.status).toBe(500)
    expect(failed.body.errors[0]).toMatch(
      /^1 error occurred:\n\t\* unable to finish rotating credentials; retries will continue in the background but it is also safe to retry manually: error setting credentials: 1 error occurred:\n\t\* failed to execute query: ERROR: syntax error/,
    )
    expect((await read()).password).toBe(password)
    expect(await login(url, 'svc', password)).toBe('ok')
  })

  it('rotate by a schedule in UTC, and only inside its window', async () => {
    expect((await write({ rotation_schedule: '0 */6 * * *', rotation_window: '1h' })).status).toBe(204)
    const first = await read()
    const intoDay = Math.floor(clock.dateMs() / 1000) % 21_600
    expect(Math.abs(first.ttl - (21_600 - intoDay))).toBeLessThanOrEqual(1)
    expect(first).toMatchObject({ rotation_schedule: '0 */6 * * *', rotation_window: 3600 })
    // Past the window of the next instant: nothing happens until the one after it.
    await clock.advance((21_600 - intoDay + 3_700) * 1000)
    await eventually(() => clock.nextMs() !== undefined)
    await tick()
    expect((await read()).password).toBe(first.password)
    await clock.advance((21_600 - 3_600) * 1000)
    await eventually(async () => (await read()).password !== first.password)
  })

  it('keep their names apart from those of dynamic roles, and their username', async () => {
    await write({ rotation_period: 60 })
    const refusals = [
      await root('POST', 'database/roles/svc', { db_name: 'pg' }),
      await root('POST', 'database/static-roles/ro', { db_name: 'pg', username: 'svc', rotation_period: 60 }),
      await root('POST', 'database/static-roles/svc', { rotation_period: 70 }),
      await write({ username: 'other' }),
    ]
    const unique = 'Role and Static Role names must be unique'
    const fixed = 'cannot update static account username'
    expect(refusals.map(({ status, body }) => [status, body.errors[0]])).toEqual(
      [unique, unique, fixed, fixed].map((text) => [400, text]),
    )
  })

  it.each([`svc" SUPERUSER --`, `svc'; DROP ROLE svc`, 'svc\\', 'svc\0"', `"`])(
    'let no account name out of its quotes: %j',
    async (username) => {
      const { status, body } = await write({ username, rotation_period: 60 })
      expect(status).toBe(500)
      expect(body.errors[0]).toMatch(/role "[\s\S]*" does not exist|NUL character/)
      const { rows } = await database.pool.query(`SELECT rolsuper FROM pg_roles WHERE rolname = 'svc'`)
      expect(rows).toEqual([{ rolsuper: false }])
      expect(await login(url, 'svc', 'first')).toBe('ok')
    },
  )

  it('leave the account and its password when they are deleted', async () => {
    await write({ rotation_period: 5 })
    const { password } = await read()
    expect((await root('DELETE', 'database/static-roles/svc')).status).toBe(204)
    expect((await root('GET', 'database/static-creds/svc')).body.errors).toEqual(['unknown role: svc'])
    await tick()
    await tick()
    expect(await login(url, 'svc', password)).toBe('ok')
  })
})

describe('a transaction', () => {
  it.each([
    ['an open quote', ["COMMENT ON ROLE x IS 'a;b'"], /unterminated quoted string at or near "'a"/],
    ['an open comment', ['/* a'], /unterminated \/\* comment at or near "\/\* a"/],
    ['an end that comes too early', ['GRANT'], /syntax error at end of input/],
  ])('gives the text of one statement alone: %s', async (_, more, text) => {
    const { status, body } = await via('pg', { creation_statements: [CREATE, ...more] })
    expect(status).toBe(500)
    expect(body.errors[0]).toMatch(text)
    expect(await database.dynamicUsers()).toEqual([])
  })

  it('undoes all of it when the last statement fails, and runs one that ends in a comment', async () => {
    expect((await via('pg', { creation_statements: [CREATE, 'SELECT 1 / 0'] })).body.errors[0]).toMatch(/division by zero/)
    expect(await database.dynamicUsers()).toEqual([])
    expect((await via('pg', { creation_statements: [CREATE, 'SELECT 1 -- done'] })).status).toBe(200)
    expect(await database.dynamicUsers()).toHaveLength(1)
  })
})
