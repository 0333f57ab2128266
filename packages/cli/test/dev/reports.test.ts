import type { DevVaultEvent } from '@leasepool/dev-vault'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { DevDatabase } from '../../src/dev/databases'
import { introOf } from '../../src/dev/intro'
import { jsonReport } from '../../src/dev/json-report'
import { logLineOf } from '../../src/dev/log-line'
import type { Ready, Report } from '../../src/dev/report'
import { showsColour, textReport } from '../../src/dev/text-report'

const leased = { leaseId: 'database/creds/app/1', role: 'app', username: 'v-root-app-1' }
const named: DevDatabase = {
  kind: 'postgres',
  adminUrl: 'postgres://admin:of-the-admin@db/shop',
  isOwn: false,
  host: 'db',
  port: 5432,
  database: "bob's shop",
  role: 'app',
}
const mysql: DevDatabase = { ...named, kind: 'mysql', port: 3306, database: 'shop', role: 'app-mysql' }
const ready: Ready = {
  address: 'http://127.0.0.1:8200',
  token: 'hvs.root',
  roleId: 'role',
  secretId: 'secret',
  databases: [named],
  ttlSeconds: 60,
  maxTtlSeconds: 5_400,
}

describe('the introduction', () => {
  test('has variables for a shell, a line to try, code and the end', () => {
    const text = introOf(ready)
    expect(text).toContain('for development only')
    expect(text.match(/export .*/g)).toEqual([
      'export VAULT_ADDR=http://127.0.0.1:8200',
      'export VAULT_TOKEN=hvs.root',
      'export VAULT_ROLE_ID=role',
      'export VAULT_SECRET_ID=secret',
      'export PGHOST=db',
      'export PGPORT=5432',
      String.raw`export PGDATABASE='bob'\''s shop'`,
    ])
    expect(text).toContain('alive for 1m and, when renewed, for 1h30m')
    expect(text).toContain(`  curl -s -H 'X-Vault-Token: hvs.root' http://127.0.0.1:8200/v1/database/creds/app\n`)
    expect(text).toContain('new LeasedPool({ max: 10 }, credentials)')
  })

  test("shows an administrator's url of a server of its own only", () => {
    expect(introOf(ready)).not.toContain('of-the-admin')
    const own = introOf({ ...ready, databases: [{ ...named, isOwn: true }] })
    expect(own).toContain('  psql postgres://admin:of-the-admin@db/shop\n')
  })

  test('names both databases, and shows no PostgreSQL code for MySQL', () => {
    const both = introOf({ ...ready, databases: [named, mysql] })
    expect(both).toContain('/v1/database/creds/app\n')
    expect(both).toContain('/v1/database/creds/app-mysql\n')
    expect(both.match(/export MYSQL.*/g)).toEqual([
      'export MYSQL_HOST=db',
      'export MYSQL_TCP_PORT=3306',
      'export MYSQL_DATABASE=shop',
    ])
    expect(introOf({ ...ready, databases: [mysql] })).not.toContain('pg-adapter')
  })
})

describe('a line of the log', () => {
  const answered = (method: string, path: string, status: number): DevVaultEvent => ({ type: 'answered', method, path, status })

  test.for([
    [answered('POST', '/v1/auth/approle/login', 200), 'login at auth/approle'],
    [answered('PUT', '/v1/auth/team/ldap/login/alice', 200), 'login at auth/team/ldap'],
    [answered('POST', '/v1/auth/approle/login', 400), 'refused POST auth/approle/login: 400'],
    [answered('GET', '/v1/database/creds/app', 200), undefined],
    [answered('GET', '/v1/sys/health', 503), undefined],
    [{ type: 'issued', ...leased, ttlSeconds: 90 }, 'issued v-root-app-1 for role app, 1m30s'],
    [{ type: 'renewed', ...leased, ttlSeconds: 60 }, 'renewed v-root-app-1, 1m'],
    [{ type: 'ended', ...leased, reason: 'revoked' }, 'revoked v-root-app-1 is dropped'],
    [{ type: 'ended', ...leased, reason: 'expired' }, 'expired v-root-app-1 is dropped'],
    [{ type: 'revokeFailed', ...leased, attempt: 2, cause: 'no' }, 'kept v-root-app-1 could not be dropped, attempt 2: no'],
  ] as const)('%o', ([event, expected]) => {
    const line = logLineOf(event)
    expect(line && `${line.word} ${line.text}`).toBe(expected)
  })
})

/** What a report writes for one run. */
function written(make: (write: (text: string) => void) => Report, dropped = 1, left = 0): string {
  let text = ''
  const report = make((part) => (text += part))
  report.ready(ready)
  report.happened({ type: 'issued', ...leased, ttlSeconds: 60 }, 1_795_492_486_000)
  report.ending('SIGINT', dropped + left)
  report.ended(dropped, left)
  return text
}

describe('JSON', () => {
  test('is one line for each thing, without a password that is not its own', () => {
    const text = written(jsonReport)
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        type: 'ready',
        address: 'http://127.0.0.1:8200',
        token: 'hvs.root',
        roleId: 'role',
        secretId: 'secret',
        databases: [{ kind: 'postgres', host: 'db', port: 5432, database: "bob's shop", role: 'app' }],
        ttlSeconds: 60,
        maxTtlSeconds: 5_400,
      },
      { type: 'issued', ...leased, ttlSeconds: 60, at: new Date(1_795_492_486_000).toISOString() },
      { type: 'ending', why: 'SIGINT', users: 1 },
      { type: 'ended', dropped: 1, left: 0 },
    ])
  })
})

describe('text', () => {
  const plain = (write: (text: string) => void): Report => textReport(write, false)

  test.for([
    [1, 0, 'Ending (SIGINT): dropping 1 database user\nDropped 1 database user. Nothing is left.\n'],
    [2, 0, 'Ending (SIGINT): dropping 2 database users\nDropped 2 database users. Nothing is left.\n'],
    [0, 0, 'Ending (SIGINT): no database users to drop\nNothing is left.\n'],
    [1, 2, 'Ending (SIGINT): dropping 3 database users\nDropped 1 database user; 2 could not be dropped\n'],
  ] as const)('says what became of %i users and %i more', ([dropped, left, expected]) => {
    expect(written(plain, dropped, left).endsWith(`\n\n${expected}`)).toBe(true)
  })

  test('is the same with colours and without', () => {
    const coloured = written((write) => textReport(write, true))
    expect(written(plain)).toBe(stripVTControlCharacters(written(plain)))
    expect(stripVTControlCharacters(coloured)).toBe(written(plain))
  })

  test('has colours in terminals only, and not for who wants none', () => {
    expect(showsColour({ isTTY: true }, {})).toBe(true)
    expect([
      showsColour({}, {}),
      showsColour({ isTTY: true }, { NO_COLOR: '1' }),
      showsColour({ isTTY: true }, { TERM: 'dumb' }),
    ]).toEqual([false, false, false])
  })
})
