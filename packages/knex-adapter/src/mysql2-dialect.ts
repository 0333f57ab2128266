import { OptionError } from '@leasepool/core'
import {
  assumeRole,
  cancelQuery,
  generationOfFailure,
  leasedConnections,
  loginOf,
  mysqlDriver,
  ping,
  withoutLogin,
  type ConnectionConfig,
  type CreateConnection,
  type Login,
  type LoginBook,
} from '@leasepool/mysql2-adapter'
import knex from 'knex'
import type { Connection } from 'mysql2'
import type { ConnectionDriver } from '@leasepool/core'
import type { Dialect } from './dialect'

interface Mysql2 {
  readonly createConnection: CreateConnection
  readonly ConnectionConfig: new (options: object) => ConnectionConfig
}

/** MySQL and MariaDB, with the driver `mysql2`. */
export const mysql2Dialect: Dialect = {
  fieldsOf(where, connection) {
    if (!URL.canParse(connection))
      throw new OptionError(where, 'a URL such as "mysql://db.internal:3306/app"', 'a string that is none')
    // A Knex without a pool connects to nothing, and takes the string apart as it does for everybody.
    return (knex({ client: 'mysql2', connection, pool: { max: 0 } }).client as { connectionSettings: object }).connectionSettings
  },
  withoutLogin,
  lease(driver, { book, settings, made }) {
    const { clock } = settings
    const mysql2 = driver as Mysql2
    const create = leasedConnections(mysql2.createConnection, book as unknown as () => LoginBook)
    const createConnection: CreateConnection = (options) => {
      const connection = create(options)
      made(connection)
      return connection
    }
    const config = async (where: () => Promise<object>): Promise<ConnectionConfig> => {
      const { expirationChecker: _, ...options } = (await where()) as { expirationChecker?: unknown } // Knex's own
      return new mysql2.ConnectionConfig(options)
    }
    const ledger = (): LoginBook['ledger'] => (book() as unknown as LoginBook).ledger
    return {
      module: { ...mysql2, createConnection },
      connections: (where) => mysqlDriver({ config: () => config(where), settings }) as ConnectionDriver<object>,
      assumeRole: (connection, role) => assumeRole(connection as Connection, role),
      keyOf: loginOf,
      ping: (login, timeoutMs) => ping(login as Login, clock, timeoutMs),
      isSuspect: (login) => (login as Login).isSuspect,
      discard(connection) {
        const login = loginOf(connection)
        if (login.connection === undefined) login.socket.destroy()
        else ledger().retire(login)
      },
      cut: (connection) => void loginOf(connection).socket.destroy(),
      cancel: async (connection) => void (await cancelQuery(loginOf(connection), ledger(), clock)),
      generationOf: (connection) => loginOf(connection).generation,
      generationOfFailure,
    }
  },
}
