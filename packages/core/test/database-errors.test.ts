import { expect, test } from 'vitest'
import { classifyDatabaseError, type DatabaseErrorKind } from '../src/database-errors'
import { UnreadableMessageError } from '../src/errors'

/** As pg, mysql2 and Node make them. */
const pg = (code: string, message = 'no'): Error => Object.assign(new Error(message), { code, severity: 'FATAL' })
const mysql = (errno: number, code = 'ER_SOMETHING'): Error => Object.assign(new Error('no'), { errno, code, sqlState: '28000' })
const node = (code: string, errno: number): Error =>
  Object.assign(new Error(`connect ${code}`), { code, errno, syscall: 'connect' })

const CASES: [string, unknown, DatabaseErrorKind][] = [
  ['PostgreSQL: wrong or expired password, unknown role', pg('28P01'), 'credential-refused'],
  ['PostgreSQL: NOLOGIN', pg('28000', 'role "x" is not permitted to log in'), 'credential-refused'],
  ['PostgreSQL: no certificate', pg('28000', 'connection requires a valid client certificate'), 'other'],
  ['PostgreSQL: session_user of a dropped role', pg('42704', 'invalid role OID: 16401'), 'credential-refused'],
  ['PostgreSQL: DDL of a dropped role', pg('42704', 'role 16401 was concurrently dropped'), 'credential-refused'],
  ['PostgreSQL: another object that is not there', pg('42704', 'type "money2" does not exist'), 'other'],
  ['PostgreSQL: a right is missing', pg('42501', 'permission denied for table t'), 'permission-lost'],
  ['PostgreSQL: too many connections', pg('53300'), 'server-busy'],
  ['PostgreSQL: terminated by an administrator', pg('57P01'), 'server-busy'],
  ['PostgreSQL: starting up', pg('57P03'), 'server-busy'],
  ['PostgreSQL: query cancelled', pg('57014'), 'other'],
  ['PostgreSQL: unknown database', pg('3D000'), 'other'],
  ['PostgreSQL: syntax error', pg('42601'), 'other'],
  ['PgBouncer: wrong password', pg('08P01', 'SASL authentication failed'), 'credential-refused'],
  ['PgBouncer 1.18: unknown role', pg('08P01', 'bouncer config error'), 'credential-refused'],
  ['PgBouncer 1.26: unknown role', pg('08P01', 'no such user'), 'credential-refused'],
  ['PgBouncer: no server', pg('08P01', 'query_wait_timeout'), 'server-busy'],
  ['PgBouncer: full', pg('08P01', 'no more connections allowed (max_client_conn)'), 'server-busy'],
  ['PgBouncer: its server went away', pg('08P01', 'server conn crashed?'), 'server-busy'],
  ['PgBouncer 1.18: the role is full', pg('08P01', 'too many connections for role "v-app-1"'), 'server-busy'],
  ['PgBouncer 1.18: the server is full', pg('08P01', 'sorry, too many clients already'), 'server-busy'],
  ['PgBouncer 1.18: the server starts', pg('08P01', 'the database system is starting up'), 'server-busy'],
  ['PgBouncer 1.18: no right to connect', pg('08P01', 'permission denied for database "app"'), 'permission-lost'],
  ['PgBouncer 1.18: NOLOGIN', pg('08P01', 'role "x" is not permitted to log in'), 'credential-refused'],
  [
    'PgBouncer: a login failed before',
    pg('08P01', 'server login has been failing, cached error: password authentication failed for user "x" (server_login_retry)'),
    'credential-refused',
  ],
  ['PgBouncer: another protocol error', pg('08P01', 'unsupported startup parameter: options'), 'network'],
  ['MySQL: access denied', mysql(1045, 'ER_ACCESS_DENIED_ERROR'), 'credential-refused'],
  ['MySQL: account locked', mysql(3118), 'credential-refused'],
  ['MariaDB: account locked', mysql(4151, 'ER_BULK_PARSER_INCOMPLETE_ESCAPE_SEQUENCE'), 'credential-refused'],
  ['MySQL: password expired', mysql(1862), 'credential-refused'],
  ['MariaDB: password expired', mysql(1820), 'credential-refused'],
  ['MySQL: no right on the table', mysql(1142), 'permission-lost'],
  ['MySQL: no right on the database', mysql(1044), 'permission-lost'],
  ['MySQL: too many connections', mysql(1040), 'server-busy'],
  ['MySQL: too many of this user', mysql(1226), 'server-busy'],
  ['MySQL: deadlock', mysql(1213), 'other'],
  ['mysql2: killed', Object.assign(new Error('gone'), { code: 'PROTOCOL_CONNECTION_LOST', fatal: true }), 'network'],
  ['Node: refused', node('ECONNREFUSED', -111), 'network'],
  ['Node: reset', node('ECONNRESET', -104), 'network'],
  ['Node: unknown host', node('ENOTFOUND', -3008), 'network'],
  ['pg: cut', new Error('Connection terminated unexpectedly'), 'network'],
  ['pg: connect timeout', new Error('timeout expired'), 'network'],
  ['pg: a connection that died', new Error('Client has encountered a connection error and is not queryable'), 'network'],
  ['a message that cannot be read', new UnreadableMessageError({ cause: new RangeError('offset') }), 'network'],
  ['an error of the app', new Error('no such user in our shop'), 'other'],
  ['an errno of the app', Object.assign(new Error('no'), { code: 'ENOENT', errno: -2 }), 'other'],
  ['a text', 'password authentication failed', 'other'],
  ['nothing', undefined, 'other'],
]

test.each(CASES)('%s', (_, error, kind) => {
  expect(classifyDatabaseError(error)).toBe(kind)
})
