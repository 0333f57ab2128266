import { expect, it } from 'vitest'
import { parseMysqlDsn } from '../src/database/mysql-dsn'

const PLACE = { host: '127.0.0.1', port: 3306, socket: undefined, tls: 'none' }

// As Go's driver reads them: https://github.com/go-sql-driver/mysql#dsn-data-source-name
it.each([
  ['root:pw@tcp(127.0.0.1:3306)/app', { ...PLACE, user: 'root', password: 'pw', database: 'app' }],
  [
    'root:p@ss:w/o?rd@tcp(db.test:1)/app',
    { ...PLACE, user: 'root', password: 'p@ss:w/o?rd', host: 'db.test', port: 1, database: 'app' },
  ],
  ['root:p)(@tcp(h)/', { ...PLACE, user: 'root', password: 'p)(', host: 'h', database: '' }],
  ['root@/a%2Fb?parseTime=true', { ...PLACE, user: 'root', password: '', database: 'a/b' }],
  ['/', { ...PLACE, user: '', password: '', database: '' }],
  ['u:p@tcp([::1]:7)/d?tls=true', { ...PLACE, user: 'u', password: 'p', host: '::1', port: 7, database: 'd', tls: 'verify' }],
  [
    'u@tcp(h:7)/d?x=1&tls=skip-verify',
    { ...PLACE, user: 'u', password: '', host: 'h', port: 7, database: 'd', tls: 'skip-verify' },
  ],
  ['u@unix(/run/my.sock)/d', { user: 'u', password: '', host: '', port: 0, socket: '/run/my.sock', database: 'd', tls: 'none' }],
])('reads %s', (dsn, expected) => expect(parseMysqlDsn(dsn)).toEqual(expected))

it.each([
  ['root:secret@tcp(h)', 'invalid DSN: missing the slash separating the database name'],
  ['root:secret@tcp(h/d', 'invalid DSN: network address not terminated (missing closing brace)'],
  ['root:secret@tcp(h)x/d', 'invalid DSN: did you forget to escape a param value?'],
  ['root:secret@udp(h)/d', "default addr for network 'udp' unknown"],
  ['root:secret@tcp(h)/d?tls=own', 'invalid value / unknown config name: own'],
  ['root:secret@tcp(h)/d?tls=preferred', /does not support tls=preferred/],
])('refuses %s without its password', (dsn, text) => {
  expect(() => parseMysqlDsn(dsn)).toThrow(text)
  expect(() => parseMysqlDsn(dsn)).not.toThrow(/secret/)
})
