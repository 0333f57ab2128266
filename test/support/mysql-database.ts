import { createPool } from 'mysql2/promise'
import { startMariaDb, startMySql } from './mysql'
import { shared } from './shared'

/** A database of a MySQL or MariaDB server with the table `item`, for leased users that are made with plain SQL. */
export interface TestMysqlDatabase {
  readonly kind: 'mariadb' | 'mysql'
  readonly host: string
  readonly port: number
  readonly database: string
  /** The admin's. */
  readonly username: string
  readonly password: string
  sql(text: string): Promise<Record<string, unknown>[]>
  /** Leased users that exist. */
  users(): Promise<string[]>
  /** Sessions of leased users. */
  sessions(): Promise<{ user: string; count: number }[]>
  stop(): Promise<void>
}

export async function startMysqlDatabase(kind: 'mariadb' | 'mysql'): Promise<TestMysqlDatabase> {
  const server = kind === 'mariadb' ? await startMariaDb() : await startMySql()
  const { name: database } = await server.createDatabase('lp_contract_')
  const admin = createPool({ uri: server.url, database, connectionLimit: 2 })
  const sql = async (text: string): Promise<Record<string, unknown>[]> => {
    const [rows] = await admin.query(text)
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : []
  }
  // Without the index, a row that one test looks for by its label waits for all rows that transactions of others hold.
  await sql('CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, label VARCHAR(100) NOT NULL, INDEX (label))')
  await sql(`INSERT INTO item (label) VALUES ${Array.from({ length: 1_000 }, (_, n) => `('item ${n + 1}')`).join(', ')}`)
  return {
    kind,
    host: server.host,
    port: server.port,
    database,
    username: server.username,
    password: server.password,
    sql,
    users: shared(() => server.users()),
    sessions: shared(async () => {
      const rows = await sql(
        "SELECT user AS who, COUNT(*) AS n FROM information_schema.processlist WHERE user LIKE 'v-%' AND (db = DATABASE() OR db IS NULL) GROUP BY user",
      )
      return rows.map((row) => ({ user: String(row['who']), count: Number(row['n']) }))
    }),
    stop: async () => {
      await admin.end()
      await server.stop()
    },
  }
}
