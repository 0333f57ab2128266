import type { Socket } from 'node:net'
import type { Credential } from '@leasepool/core'
import type { Connection } from 'mysql2'
import type { ConnectionConfig } from './mysql2-members'

/** One physical connection of a pool, from the moment it asks for a slot. What the ledger keeps its book of. */
export class Login {
  readonly socket: Socket
  /** This connection's own. */
  readonly config: ConnectionConfig
  /** Once it is logged in. */
  connection: Connection | undefined
  /** The server said something of it that a login of its own will have to confirm: it is not lent again. */
  isSuspect = false
  /** Lent to the pool's own `execute`: nobody else holds it. */
  isPools = false
  /** It was cut while it may have run something, which the server has to be told. */
  isCut = false
  #generation: number | undefined

  constructor(socket: Socket, config: ConnectionConfig) {
    this.socket = socket
    this.config = config
  }

  /** With which it logs in; `undefined` while it waits for a slot. */
  get generation(): number | undefined {
    return this.#generation
  }

  /** Logs in as that, when the server has said hello: mysql2 reads user and password then, together. */
  use({ generation, username, password }: Credential): void {
    this.#generation = generation
    setLogin(this.config, username, password)
  }
}

/** The password is there for mysql2, and not for who prints a connection. */
export function setLogin(config: ConnectionConfig, user: string, password: string): void {
  config.user = user
  Object.defineProperty(config, 'password', { value: password, enumerable: false, writable: true, configurable: true })
}
