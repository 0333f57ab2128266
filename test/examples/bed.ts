import { startEmbeddedPostgres, type DevVault, type DevVaultEvent } from '@leasepool/dev-vault'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { expect, onTestFinished } from 'vitest'
import { startVault, type AdminDatabase, type Environment, type UserLife } from '../../examples/servers/src/vault'
import { startMariaDb } from '../support/mysql'
import { startProxy, type Proxy } from '../support/proxy'

/** Each example on each database. */
export const CASES = (['knex-express', 'typeorm-express'] as const).flatMap((example) =>
  (['postgres', 'mysql'] as const).map((database) => [example, database] as const),
)

/** An administrator's database. */
export interface BedDatabase extends AdminDatabase {
  /** On a connection of its own. */
  sql(text: string): Promise<Record<string, unknown>[]>
  /** Leased users that exist. */
  users(): Promise<string[]>
  /** Orders can be read and not made until what this gives is called. */
  lockOrders(): Promise<() => Promise<void>>
  /** Statements that wait for a lock. */
  waiting(): Promise<number>
  stop(): Promise<void>
}

type End = DevVaultEvent & { readonly type: 'ended' }

/** What a service is given: a database behind a proxy that counts its sockets, and a Vault that makes users in it. */
export interface Bed {
  readonly database: BedDatabase
  readonly proxy: Proxy
  readonly vault: DevVault
  /** How users ended so far. */
  ends(): readonly End[]
  readonly environment: Environment
}

/** Ends with the test. */
export async function openBed(kind: AdminDatabase['kind'], life: UserLife): Promise<Bed> {
  const database = kind === 'postgres' ? await postgres() : await mariaDb()
  onTestFinished(() => database.stop())
  const proxy = await startProxy(Number(new URL(database.url).port))
  onTestFinished(() => proxy.close())
  const { vault, environment } = await startVault(database, life)
  onTestFinished(() => vault.close())
  const ends: End[] = []
  vault.onEvent((event) => void (event.type === 'ended' && ends.push(event)))
  return { database, proxy, vault, ends: () => ends, environment: { ...environment, DATABASE_PORT: String(proxy.port) } }
}

/** Of users and leases, once the service has ended. */
export async function nothingIsLeft({ vault, database }: Bed): Promise<void> {
  expect(vault.leases()).toEqual([])
  expect(await database.users()).toEqual([])
}

async function postgres(): Promise<BedDatabase> {
  const server = await startEmbeddedPostgres()
  const url = await server.createDatabase('orders')
  const open = async (): Promise<Client> => {
    const client = new Client(url)
    await client.connect()
    return client
  }
  const sql = async (text: string): Promise<Record<string, unknown>[]> => {
    const client = await open()
    try {
      return (await client.query<Record<string, unknown>>(text)).rows
    } finally {
      await client.end()
    }
  }
  return {
    kind: 'postgres',
    url,
    sql,
    users: async () => (await sql(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%'`)).map((row) => String(row['rolname'])),
    lockOrders: async () => {
      const client = await open()
      await client.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE')
      return () => client.end()
    },
    waiting: async () => {
      const [row] = await sql(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
      return Number(row!['n'])
    },
    stop: () => server.stop(),
  }
}

async function mariaDb(): Promise<BedDatabase> {
  const server = await startMariaDb()
  const { url } = await server.createDatabase('lp_orders_')
  const sql = async (text: string): Promise<Record<string, unknown>[]> => {
    const connection = await createConnection(url)
    try {
      const [rows] = await connection.query(text)
      return rows as Record<string, unknown>[]
    } finally {
      await connection.end()
    }
  }
  return {
    kind: 'mysql',
    url,
    sql,
    users: () => server.users(),
    lockOrders: async () => {
      const connection = await createConnection(url)
      await connection.query('LOCK TABLES orders READ')
      return () => connection.end()
    },
    waiting: async () => {
      const [row] = await sql(
        `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE db = DATABASE() AND state LIKE 'Waiting for table%'`,
      )
      return Number(row!['n'])
    },
    stop: () => server.stop(),
  }
}
