// An app that has one database driver installed. The pack test compiles it and runs it beside pg, and beside mysql2.
import { fixedCredentials } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { leasedDataSource } from '@leasepool/typeorm-adapter'
import knex from 'knex'
import { DataSource } from 'typeorm'

interface Server {
  readonly client: 'pg' | 'mysql2'
  readonly type: 'postgres' | 'mariadb'
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: string
}

const { client, type, username, password, ...place } = JSON.parse(process.argv[2]!) as Server
const credentials = await fixedCredentials({ username, password })

const db = knex(leasedKnex({ client, connection: place, pool: { min: 0, max: 2 } }, credentials))
const dataSource = await new DataSource(leasedDataSource({ type, ...place, poolSize: 2 }, credentials)).initialize()
await credentials.rotate()
const counted = [
  await db.count({ n: '*' }).from('item').first<{ n: unknown }>(),
  ...(await dataSource.query<{ n: unknown }[]>('SELECT COUNT(*) AS n FROM item')),
].map(({ n }) => Number(n))
await dataSource.destroy()
await db.destroy()

/** What an app is told that asks for the other one. */
const said = (use: () => unknown): string => {
  try {
    use()
    return 'nothing'
  } catch (error) {
    return (error as Error).message
  }
}
const other = client === 'pg' ? ({ client: 'mysql2', type: 'mysql' } as const) : ({ client: 'pg', type: 'postgres' } as const)
const log = { error: () => undefined } // Knex says it there, too
const missing = [
  said(() => knex(leasedKnex({ client: other.client, connection: { database: 'app' }, log }, credentials))),
  said(() => leasedDataSource({ type: other.type, database: 'app' }, credentials)),
]
await credentials.close()
console.log(JSON.stringify({ counted, missing }))
