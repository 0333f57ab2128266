import { LeasedCredentials, vaultCredentials } from '@leasepool/core'
import { startDevVault } from '@leasepool/dev-vault'
import { startDatabase } from '../../support/database'
import { hasMySql } from '../../support/mysql'
import { startMysqlDatabase } from '../../support/mysql-database'

/** Of a lease, in seconds. With less, a machine that stands still for half a second ends it: it is renewed at two thirds of its time. */
export const TTL_SECONDS = 3
/** Far longer than any transaction here, so that leases end by being given back. */
const MAX_TTL_SECONDS = 60

/** A database whose users a Vault makes, for one app. */
export interface Setting {
  readonly server: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly credentials: LeasedCredentials
  /** The most leases that ever were alive at the same time. */
  readonly peakLeases: number
  leasesLeft(): number
  usersLeft(): Promise<string[]>
  /** Ends everything but the credentials, which are the test's to close. */
  stop(): Promise<void>
}

interface Database {
  readonly server: string
  readonly host: string
  readonly port: number
  readonly database: string
  readonly url: string
  readonly creationStatements: readonly string[]
  users(): Promise<string[]>
  stop(): Promise<void>
}

export type Dialect = 'postgres' | 'mysql'

export async function startSetting(dialect: Dialect): Promise<Setting> {
  const database = await (dialect === 'postgres' ? postgres() : mysql())
  const { server, host, port, database: name, url, creationStatements } = database
  const vault = await startDevVault({
    databases: { db: { url } },
    roles: {
      app: { database: 'db', creationStatements, defaultTtlSeconds: TTL_SECONDS, maxTtlSeconds: MAX_TTL_SECONDS },
    },
    cleanUp: false, // the other ones that run at the same time have users on this server too
  })
  let peakLeases = 0
  vault.onEvent(() => (peakLeases = Math.max(peakLeases, vault.leases().length)))
  const auth = { method: 'token', token: vault.rootToken } as const
  const credentials = await vaultCredentials({ address: vault.address, auth, role: 'app' })
  return {
    server,
    host,
    port,
    database: name,
    credentials,
    get peakLeases() {
      return peakLeases
    },
    leasesLeft: () => vault.leases().length,
    usersLeft: () => database.users(),
    stop: async () => {
      await vault.close()
      await database.stop()
    },
  }
}

async function postgres(): Promise<Database> {
  const { host, port, url, users, stop } = await startDatabase()
  const creationStatements = [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`]
  return { server: 'PostgreSQL', host, port, database: 'app', url, creationStatements, users, stop }
}

/** Oracle's where there is one, else MariaDB. */
async function mysql(): Promise<Database> {
  const kind = hasMySql ? 'mysql' : 'mariadb'
  const { host, port, database, username, password, users, stop } = await startMysqlDatabase(kind)
  const url = `mysql://${username}:${encodeURIComponent(password)}@${host}:${port}/${database}`
  const creationStatements = [
    `CREATE USER '{{name}}'@'%' IDENTIFIED BY '{{password}}'`,
    `GRANT ALL ON ${database}.* TO '{{name}}'@'%'`,
  ]
  return { server: kind === 'mysql' ? 'MySQL' : 'MariaDB', host, port, database, url, creationStatements, users, stop }
}
