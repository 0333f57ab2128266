import { expect, test } from 'vitest'
import type { DevDatabase } from '../../src/dev/databases'
import { readDevOptions } from '../../src/dev/options'
import { policyFor, vaultOptions } from '../../src/dev/setup'

const options = readDevOptions({ ttl: '1m', maxTtl: '10m', port: '0' })
const postgres: DevDatabase = {
  kind: 'postgres',
  adminUrl: 'postgres://admin:password@db/app',
  isOwn: false,
  host: 'db',
  port: 5432,
  database: 'app',
  role: 'app',
}
const mysql: DevDatabase = {
  ...postgres,
  kind: 'mysql',
  adminUrl: 'mysql://admin:password@db/a`b',
  database: 'a`b',
  role: 'app-mysql',
}

test('a role for each database, with the ttls', () => {
  const { databases, roles, port } = vaultOptions([postgres, mysql], options)
  expect(databases).toEqual({ postgres: { url: postgres.adminUrl }, mysql: { url: mysql.adminUrl } })
  expect(roles).toMatchObject({
    app: { database: 'postgres', defaultTtlSeconds: 60, maxTtlSeconds: 600 },
    'app-mysql': { database: 'mysql', defaultTtlSeconds: 60, maxTtlSeconds: 600 },
  })
  expect(port).toBeUndefined()
  expect(vaultOptions([postgres], { ...options, port: 8200 }).port).toBe(8200)
})

test('a user of PostgreSQL ends by itself, and one of MySQL has rights in its database only', () => {
  const { roles } = vaultOptions([postgres, mysql], options)
  expect(roles['app']!.creationStatements[0]).toContain(`VALID UNTIL '{{expiration}}'`)
  expect(roles['app-mysql']!.creationStatements[1]).toContain('ON `a``b`.* TO')
})

test('an app may read its roles and give users back, nothing else', () => {
  expect(policyFor([postgres, mysql]).split('\n')).toEqual([
    'path "database/creds/app" { capabilities = ["read"] }',
    'path "database/creds/app-mysql" { capabilities = ["read"] }',
    'path "sys/leases/revoke" { capabilities = ["update"] }',
  ])
})
