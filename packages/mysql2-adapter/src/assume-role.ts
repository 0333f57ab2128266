import { AssumeRoleError } from '@leasepool/core'
import type { Connection } from 'mysql2'

/**
 * Makes a connection act with the rights of `role` from now on, and looks whether it does. COM_RESET_CONNECTION leaves that as it is (seen on
 * MySQL 9.7 and MariaDB 10.11). Rejects with the server's error, or with `AssumeRoleError`.
 */
export async function assumeRole(connection: Connection, role: string): Promise<void> {
  await query(connection, `SET ROLE ${connection.escape(role)}`)
  const [row] = (await query(connection, 'SELECT CURRENT_ROLE() AS acts_as')) as { acts_as: string | null }[]
  // MySQL says `name`@`%`, MariaDB name.
  const actual = (row?.acts_as ?? 'no role').replace(/^`(.*)`@`%`$/, '$1')
  if (actual !== role) throw new AssumeRoleError(role, actual)
}

/** Runs one statement with the callback interface, which every connection has. */
export function query(connection: Connection, sql: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    connection.query({ sql, rowsAsArray: false }, (error, rows) => (error ? reject(error) : resolve(rows)))
  })
}
