import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildPackages } from '../support/build'
import { startDatabase, type TestDatabase } from '../support/database'
import { describeWithVault } from '../support/describe-with-vault'
import { launchDev } from '../support/leasepool-dev'
import { poll } from '../support/poll'
import { startRealVault } from '../support/real-vault'
import { vaultCli, type VaultCli } from '../support/vault-cli'

interface Server {
  readonly address: string
  readonly rootToken: string
  close(): Promise<unknown>
}

const SERVERS: Readonly<Record<string, (database: TestDatabase) => Promise<Server>>> = {
  'leasepool dev': async (database) => {
    await buildPackages()
    const { running, ready } = await launchDev(['--postgres', database.url])
    const close = (): Promise<unknown> => {
      running.kill('SIGTERM')
      return running.exit
    }
    return { address: ready.address, rootToken: ready.token, close }
  },
  'vault server -dev': () => startRealVault(),
}

/** The walk of Vault's tutorials with Vault's own `vault`: what works on one server works on the other. Needs that program. */
for (const [name, start] of Object.entries(SERVERS)) describeWithVault(`the vault command at ${name}`, () => walk(start))

function walk(start: (database: TestDatabase) => Promise<Server>): void {
  let database: TestDatabase
  let server: Server
  let vault: VaultCli
  let lease: { lease_id: string; data: { username: string; password: string } }
  beforeAll(async () => {
    database = await startDatabase()
    server = await start(database)
    vault = await vaultCli(server.address)
  })
  afterAll(async () => {
    await vault.close()
    await server.close()
    await database.stop()
  })

  const logIn = async (): Promise<Client> => {
    const { username, password } = lease.data
    const client = new Client({ host: database.host, port: database.port, database: 'app', user: username, password })
    await client.connect()
    return client
  }

  test('status', async () => {
    expect(await vault.run('status')).toMatch(/Sealed +false/)
  })

  test('login', async () => {
    expect(await vault.fail('secrets', 'list')).toContain('permission denied')
    expect(await vault.fail('login', 'hvs.wrong')).toContain('permission denied')
    expect(await vault.run('login', server.rootToken)).toMatch(/policies +\["root"\]/)
    expect(await vault.run('print', 'token')).toBe(`${server.rootToken}\n`)
  })

  test('secrets enable', async () => {
    expect(await vault.run('secrets', 'enable', '-path=shop-db', '-description=of the shop', 'database')).toBe(
      'Success! Enabled the database secrets engine at: shop-db/\n',
    )
    expect(await vault.fail('secrets', 'enable', '-path=shop-db', 'database')).toContain('path is already in use at shop-db/')
    expect(await vault.json('secrets list')).toMatchObject({
      'shop-db/': { type: 'database', description: 'of the shop' },
      'sys/': { type: 'system' },
    })
    expect(await vault.run('secrets', 'list', '-detailed')).toContain('shop-db/')
  })

  test('write and read a connection', async () => {
    const { hostname, port, password } = new URL(database.url)
    const connection = [
      'plugin_name=postgresql-database-plugin',
      'allowed_roles=app,other',
      `connection_url=postgresql://{{username}}:{{password}}@${hostname}:${port}/app?sslmode=disable`,
      'username=postgres',
    ]
    expect(await vault.fail('write', 'shop-db/config/pg', ...connection, 'password=wrong')).toContain('Code: 400')
    await vault.run('write', 'shop-db/config/pg', ...connection, `password=${password}`)
    const read = await vault.run('read', 'shop-db/config/pg')
    expect(read).toMatch(/allowed_roles +\[app other\]/)
    expect(read).not.toContain(password)
    expect(await vault.json('list', 'shop-db/config')).toEqual(['pg'])
  })

  test('write and read a role', async () => {
    await vault.run(
      'write',
      'shop-db/roles/app',
      'db_name=pg',
      `creation_statements=CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{{name}}";`,
      'default_ttl=1h',
      'max_ttl=24h',
    )
    expect(await vault.run('read', '-field=default_ttl', 'shop-db/roles/app')).toBe('3600')
    expect(await vault.json('list', 'shop-db/roles')).toEqual(['app'])
    expect(await vault.fail('read', 'shop-db/roles/none')).toContain('No value found at shop-db/roles/none')
  })

  test('read credentials and log in with them', async () => {
    lease = (await vault.json('read', 'shop-db/creds/app')) as unknown as typeof lease
    expect(lease.data.username).toMatch(/^v-(root|token)-app-/)
    const client = await logIn()
    expect((await client.query<{ count: string }>('SELECT count(*) FROM item')).rows).toEqual([{ count: '1000' }])
    await expect(client.query('DELETE FROM item')).rejects.toMatchObject({ code: '42501' })
    await client.end()
    expect(await vault.run('read', 'shop-db/creds/app')).toMatch(/lease_duration +1h\n/)
    expect(await vault.fail('read', 'shop-db/creds/none')).toContain('unknown role: none')
  })

  test('lease lookup, renew, list', async () => {
    expect(await vault.run('lease', 'renew', lease.lease_id)).toMatch(/lease_duration +1h\n/)
    expect(await vault.run('lease', 'renew', '-increment=30m', lease.lease_id)).toMatch(/lease_duration +30m\n/)
    const { data } = (await vault.json('lease lookup', lease.lease_id)) as { data: { id: string; ttl: number } }
    expect(data.id).toBe(lease.lease_id)
    expect(data.ttl).toBeGreaterThan(1_700)
    expect(await vault.json('list', 'sys/leases/lookup/shop-db/creds/app')).toHaveLength(2)
    expect(await vault.fail('lease', 'lookup', 'shop-db/creds/app/none')).toContain('invalid lease')
  })

  test('lease revoke', async () => {
    await vault.run('lease', 'revoke', '-sync', lease.lease_id)
    expect(await database.users()).not.toContain(lease.data.username)
    await expect(logIn()).rejects.toMatchObject({ code: '28P01' })
    await vault.run('lease', 'revoke', '-sync', '-prefix', 'shop-db/creds')
    expect(await database.users()).toEqual([])
    expect(await vault.fail('lease', 'renew', lease.lease_id)).toContain('lease not found')
  })

  test('policy write, read, list', async () => {
    const file = join(vault.home, 'shop.hcl')
    await writeFile(
      file,
      '# for the shop\npath "shop-db/creds/app" {\n  capabilities = ["read"]\n}\n\npath "sys/leases/+" { capabilities = ["update"] }\n',
    )
    await vault.run('policy', 'fmt', file)
    expect(await vault.run('policy', 'write', 'shop', file)).toContain('Uploaded policy: shop')
    expect(await vault.run('policy', 'read', 'shop')).toContain('path "shop-db/creds/app" {')
    expect((await vault.run('policy', 'list')).split('\n')).toEqual(expect.arrayContaining(['default', 'shop', 'root']))
  })

  test('token create, capabilities, renew, revoke', async () => {
    const token = await vault.run('token', 'create', '-policy=shop', '-ttl=1h', '-field=token')
    expect(await vault.run('token', 'capabilities', token, 'shop-db/creds/app')).toBe('read\n')
    expect(await vault.run('token', 'capabilities', token, 'shop-db/config/pg')).toBe('deny\n')
    expect(await vault.run('token', 'capabilities', 'shop-db/config/pg')).toBe('root\n')
    expect(await vault.run('token', 'lookup', token)).toMatch(/policies +\[default shop\]/)
    expect(await vault.run('token', 'renew', token)).toMatch(/token_duration +1h\n/)
    const shop = await vaultCli(server.address, { VAULT_TOKEN: token })
    await shop.run('read', 'shop-db/creds/app')
    expect(await shop.fail('read', 'shop-db/config/pg')).toContain('permission denied')
    expect(await database.users()).toHaveLength(1)
    await vault.run('token', 'revoke', token)
    await poll(
      'the user goes with its token',
      () => database.users(),
      (users) => users.length === 0,
    )
    expect(await shop.fail('token', 'lookup')).toContain('permission denied')
    await shop.close()
  })

  test('approle: enable, role, login', async () => {
    await vault.run('auth', 'enable', '-path=shop-apps', 'approle')
    expect(await vault.json('auth list')).toMatchObject({ 'shop-apps/': { type: 'approle' }, 'token/': { type: 'token' } })
    await vault.run('write', 'auth/shop-apps/role/app', 'token_policies=shop', 'token_ttl=1h', 'token_max_ttl=4h')
    expect(await vault.run('read', 'auth/shop-apps/role/app')).toMatch(/token_policies +\[shop\]/)
    const roleId = await vault.run('read', '-field=role_id', 'auth/shop-apps/role/app/role-id')
    const secretId = await vault.run('write', '-f', '-field=secret_id', 'auth/shop-apps/role/app/secret-id')
    const login = ['write', '-field=token', 'auth/shop-apps/login', `role_id=${roleId}`]
    const token = await vault.run(...login, `secret_id=${secretId}`)
    const shop = await vaultCli(server.address, { VAULT_TOKEN: token })
    expect(await shop.run('read', '-field=username', 'shop-db/creds/app')).toMatch(/^v-shop-app-app-/)
    await shop.run('token', 'revoke', '-self')
    await shop.close()
    await poll(
      'the user goes with its token',
      () => database.users(),
      (users) => users.length === 0,
    )
    expect(await vault.fail(...login, 'secret_id=wrong')).toContain('invalid role or secret ID')
  })

  test('approle: list of accessors', async () => {
    expect(await vault.json('list', 'auth/shop-apps/role/app/secret-id')).toHaveLength(1)
  })

  test('a wrapped secret id', async () => {
    const wrap = ['write', '-wrap-ttl=60s', '-f', '-field=wrapping_token', 'auth/shop-apps/role/app/secret-id']
    const token = await vault.run(...wrap)
    expect(await vault.run('unwrap', '-field=secret_id', token)).toMatch(/^[\da-f-]{36}$/)
    expect(await vault.fail('unwrap', token)).toContain('wrapping token is not valid or does not exist')
  })

  test('userpass', async () => {
    await vault.run('auth', 'enable', 'userpass')
    await vault.run('write', 'auth/userpass/users/alice', 'password=of-alice', 'policies=shop')
    expect(
      await vault.run('login', '-no-store', '-field=token', '-method=userpass', 'username=alice', 'password=of-alice'),
    ).toMatch(/^hvs\./)
  })

  test('reset a connection', async () => {
    await vault.run('write', '-f', 'shop-db/reset/pg')
  })

  test('a static role', async () => {
    await database.sql(`CREATE ROLE of_the_shop LOGIN PASSWORD 'first'`)
    await vault.run('write', 'shop-db/config/pg', 'allowed_roles=*')
    const role = ['db_name=pg', 'username=of_the_shop', 'rotation_period=24h']
    await vault.run('write', 'shop-db/static-roles/shop', ...role)
    const password = await vault.run('read', '-field=password', 'shop-db/static-creds/shop')
    const client = new Client({ host: database.host, port: database.port, database: 'app', user: 'of_the_shop', password })
    await client.connect()
    await client.end()
    await vault.run('write', '-f', 'shop-db/rotate-role/shop')
    expect(await vault.run('read', '-field=password', 'shop-db/static-creds/shop')).not.toBe(password)
    await vault.run('delete', 'shop-db/static-roles/shop')
    await database.sql('DROP ROLE of_the_shop')
  })

  test('kv put and get', async () => {
    await vault.run('secrets', 'enable', '-path=shop-kv', '-version=2', 'kv')
    await vault.run('kv', 'put', '-mount=shop-kv', 'motd', 'text=hello')
    expect(await vault.run('kv', 'get', '-mount=shop-kv', '-field=text', 'motd')).toBe('hello')
    expect(await vault.run('kv', 'list', 'shop-kv/')).toContain('motd')
    await vault.run('secrets', 'disable', 'shop-kv/')
  })

  test('secrets move', async () => {
    await vault.run('secrets', 'enable', '-path=old-kv', 'kv')
    await vault.run('kv', 'put', '-mount=old-kv', 'motd', 'text=hello')
    expect(await vault.run('secrets', 'move', 'old-kv/', 'new-kv/')).toContain('Success! Finished moving secrets engine old-kv/')
    expect(await vault.run('kv', 'get', '-mount=new-kv', '-field=text', 'motd')).toBe('hello')
    expect(await vault.json('secrets list')).not.toHaveProperty('old-kv/')
    expect(await vault.fail('secrets', 'move', 'old-kv/', 'other/')).toContain('no matching mount at "old-kv/"')
    await vault.run('secrets', 'disable', 'new-kv/')
  })

  test('what is there: audit devices and plugins', async () => {
    await expect(vault.run('audit', 'list')).rejects.toThrow('No audit devices are enabled.')
    expect(await vault.run('plugin', 'list', 'database')).toMatch(/postgresql-database-plugin +v1\.21\.0\+builtin\.vault/)
    expect(await vault.run('plugin', 'list')).toMatch(/approle +auth/)
  })

  test('secrets tune', async () => {
    await vault.run('secrets', 'tune', '-default-lease-ttl=20m', '-max-lease-ttl=40m', 'shop-db/')
    expect(await vault.run('read', 'shop-db/creds/app')).toMatch(/lease_duration +40m\n/)
  })

  test('read what was tuned', async () => {
    expect(await vault.run('read', '-field=max_lease_ttl', 'sys/mounts/shop-db/tune')).toBe('2400')
  })

  test('policy delete', async () => {
    await vault.run('policy', 'delete', 'shop')
    expect(await vault.run('policy', 'list')).not.toContain('shop')
  })

  test('secrets and auth disable', async () => {
    expect(await database.users()).not.toEqual([])
    await vault.run('secrets', 'disable', 'shop-db/')
    expect(await database.users()).toEqual([])
    expect(await vault.fail('read', 'shop-db/creds/app')).toContain('No value found at shop-db/creds/app')
    await vault.run('auth', 'disable', 'shop-apps/')
    expect(await vault.json('auth list')).not.toHaveProperty('shop-apps/')
  })
}
