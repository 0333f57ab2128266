import { vaultCredentials, type LeasedCredentials, type RotatablePool, type VaultCredentialsOptions } from '@leasepool/core'
import { startDevVault, type DevVault } from '@leasepool/dev-vault'
import { LeasedPool } from '@leasepool/pg-adapter'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { logEvents, type EventLog } from '../support/app'
import { startDatabase, type TestDatabase } from '../support/database'
import { poll } from '../support/poll'
import { FAULTS, resolveTestHosts, type FaultKind } from './faults'

// Each fault in each phase of a credential's life. What must hold in every cell: the app's queries work with the credential in use,
// the events and the health tell, Vault is not stormed, and in the end no database user is left.

let database: TestDatabase
const requests = new Map<string, number>()
const count = (message: unknown): void => {
  const host = String((message as { request: ClientRequest }).request.getHeader('host')).split(':')[0]!
  requests.set(host, (requests.get(host) ?? 0) + 1)
}
beforeAll(async () => {
  resolveTestHosts()
  subscribe('http.client.request.start', count)
  database = await startDatabase()
})
afterAll(async () => {
  unsubscribe('http.client.request.start', count)
  await database.stop()
})

/** Vault, and an app on it, that belong to one test. */
class Cell {
  credentials!: LeasedCredentials
  /** Generation of the first user. */
  first!: number
  log!: EventLog
  pool!: LeasedPool
  vault!: DevVault

  constructor(
    readonly fault: FaultKind,
    /** Name of the role, and so a part of the names of its database users. */
    readonly role: string,
  ) {}

  get host(): string {
    return `${this.role}.vault.test`
  }

  async startVault(): Promise<void> {
    this.vault = await startDevVault({
      databases: { pg: { url: database.url } },
      roles: {
        [this.role]: {
          database: 'pg',
          creationStatements: [
            `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}' IN ROLE app_rw`,
          ],
          revocationStatements: ['DROP ROLE IF EXISTS "{{name}}"'],
          defaultTtlSeconds: 12, // the third that a renewal leaves must do on a busy machine
          maxTtlSeconds: 60,
        },
      },
      policies: { app: { [`database/creds/${this.role}`]: ['read'], 'sys/leases/revoke': ['update'] } },
      appRoles: { app: { policies: ['app'] } },
    })
  }

  async login(options: Partial<VaultCredentialsOptions> = {}): Promise<LeasedCredentials> {
    const address = this.vault.address.replace('127.0.0.1', this.host)
    const auth = { method: 'approle', ...this.vault.appRole('app') } as const
    const { role } = this
    return vaultCredentials({
      address,
      auth,
      role,
      requestTimeoutMs: 500,
      closeTimeoutMs: 500,
      startTimeoutMs: 20_000,
      ...options,
    })
  }

  async start(options?: Partial<VaultCredentialsOptions>): Promise<void> {
    let credentials = await this.login(options)
    // What had no answer in time on a busy machine left a second user, whose end is told in between.
    while (credentials.generation > 1) {
      await credentials.close()
      credentials = await this.login(options)
    }
    this.follow(credentials)
  }

  follow(credentials: LeasedCredentials): void {
    this.credentials = credentials
    this.first = credentials.generation
    this.log = logEvents(credentials)
    this.pool = new LeasedPool({ host: database.host, port: database.port, database: 'app', max: 1 }, credentials)
  }

  on = async (): Promise<void> => this.fault.on(this.vault, this.host)
  off = async (): Promise<void> => this.fault.off(this.vault, this.host)

  get asked(): number {
    return requests.get(this.host) ?? 0
  }

  /**
   * A query is answered, by the user that the credential in use names: the first, or the one after the rotations since. Users that were asked
   * for and came when nobody waited any more have a generation too.
   */
  async works(nth: number): Promise<void> {
    const generations = [this.first, ...this.log.of('rotated').map(({ to }) => to)]
    expect(generations).toHaveLength(nth)
    expect(this.credentials.current().generation).toBe(generations.at(-1))
    const { rows } = await this.pool.query<{ session_user: string }>('SELECT session_user')
    expect(rows).toEqual([{ session_user: this.credentials.current().username }])
  }

  health(state: string): void {
    expect(this.credentials.status().health).toMatchObject({ state })
  }

  async told(name: Parameters<EventLog['of']>[0], times = 1): Promise<void> {
    await poll(`event ${name}`, () => this.log.of(name).length, (seen) => seen >= times, 20_000) // prettier-ignore
  }

  users(): Promise<string[]> {
    return database.users().then((all) => all.filter((name) => name.includes(`-${this.role}-`)))
  }

  async usersLeft(expected: number): Promise<void> {
    await poll(`${expected} database users`, () => this.users(), (users) => users.length === expected, 30_000) // prettier-ignore
  }

  /** A pool beside the real one: it holds the phases in which nothing is asked of Vault. */
  attachGate(gate: Partial<RotatablePool>): void {
    this.credentials.attach({
      name: 'gate',
      probe: () => Promise.resolve('logged-in'),
      promote: () => undefined,
      drain: () => Promise.resolve(),
      stats: () => ({ name: 'gate', max: 1, sockets: 0, idle: 0, borrowed: 0, stale: 0 }),
      ...gate,
    })
  }
}

const isRefusal = ({ fault }: Cell): boolean => fault.code === 'ERR_VAULT_REFUSED'

/** The old lease is given back once Vault can be asked again; a refusal is final, and the lease ends by itself or with its token. */
async function givesBackTheOldOne(cell: Cell): Promise<void> {
  await cell.works(2)
  cell.health('healthy')
  if (isRefusal(cell)) {
    await cell.told('revokeFailed')
    await cell.off()
    expect(cell.log.of('revoked')).toEqual([])
    return
  }
  const before = cell.asked
  await poll('it was tried to give the lease back', () => cell.asked, (asked) => asked > before) // prettier-ignore
  expect(cell.log.of('revoked')).toEqual([])
  await cell.off()
  await cell.told('revoked')
  await cell.usersLeft(1)
}

const PHASES: Record<string, (cell: Cell) => Promise<void>> = {
  async login(cell) {
    await cell.on()
    const starting = cell.login()
    if (isRefusal(cell)) {
      await expect(starting).rejects.toMatchObject({ code: cell.fault.code })
      expect(cell.asked).toBe(1)
      return
    }
    starting.catch(() => undefined)
    await poll('two attempts', () => cell.asked, (asked) => asked >= 2) // prettier-ignore
    await cell.off()
    cell.follow(await starting)
    await cell.works(1)
    cell.health('healthy')
    await cell.usersLeft(1)
  },

  async read(cell) {
    await cell.start({ maxTtlMs: 6_000, rotateFraction: 0.25 })
    await cell.on()
    await cell.told('rotationFailed')
    expect(cell.log.of('rotationFailed')[0]).toMatchObject({
      reason: 'max-ttl',
      generation: cell.first,
      cause: { code: cell.fault.code },
    })
    await cell.works(1)
    cell.health('degraded')
    await cell.off()
    await cell.told('rotated')
    await cell.works(2)
    cell.health('healthy')
    await cell.usersLeft(1)
  },

  async probe(cell) {
    await cell.start()
    cell.attachGate({
      probe: async () => {
        await cell.on()
        return 'logged-in'
      },
    })
    await cell.credentials.rotate()
    await givesBackTheOldOne(cell)
  },

  async promote(cell) {
    await cell.start()
    cell.attachGate({ promote: () => void cell.on() })
    await cell.credentials.rotate()
    await givesBackTheOldOne(cell)
  },

  async drain(cell) {
    await cell.start()
    cell.attachGate({ drain: (generation) => (generation === cell.first ? cell.on() : Promise.resolve()) })
    await cell.credentials.rotate()
    await givesBackTheOldOne(cell)
  },

  async renew(cell) {
    await cell.start()
    await cell.on()
    await cell.told('renewFailed')
    expect(cell.log.of('renewFailed')[0]).toMatchObject({ generation: cell.first, attempt: 1, cause: { code: cell.fault.code } })
    await cell.works(1)
    if (isRefusal(cell)) {
      await cell.off()
      await cell.told('rotated')
      expect(cell.log.of('rotated')[0]).toMatchObject({ reason: 'not-renewable' })
      await cell.works(2)
    } else {
      cell.health('degraded')
      await cell.off()
      await cell.told('renewed')
      await cell.works(1)
    }
    cell.health('healthy')
    await cell.usersLeft(1)
  },

  async revoke(cell) {
    await cell.start()
    const onDrained = new Promise<void>((resolve) => cell.credentials.once('drained', () => void cell.on().then(resolve)))
    cell.attachGate({ drain: () => Promise.resolve() })
    // The switch is asynchronous for some faults: the request for the lease is held until it has been turned.
    const held = cell.vault.failNext('sys/leases/revoke', { hang: true })
    await cell.credentials.rotate()
    await onDrained
    held.disarm()
    await cell.works(2)
    await cell.off()
    await poll('it is known what became of the lease', () => cell.log.of('revoked').length + cell.log.of('revokeFailed').length, (said) => said === 1) // prettier-ignore
    if (!isRefusal(cell)) await cell.usersLeft(1)
  },

  async close(cell) {
    await cell.start()
    await cell.works(1)
    await cell.pool.end()
    await cell.on()
    const startMs = performance.now()
    await cell.credentials.close()
    expect(performance.now() - startMs).toBeLessThan(20_000)
    expect(cell.log.of('revoked')).toEqual([])
    expect(cell.log.of('revokeFailed')).toMatchObject([{ generation: cell.first, cause: { code: cell.fault.code } }])
    expect(cell.log.of('closed')).toHaveLength(1)
    await cell.off() // the lease ends by itself
  },
}

let cells = 0
for (const [phase, run] of Object.entries(PHASES)) {
  describe(`Vault cannot be asked during ${phase}`, () => {
    for (const fault of FAULTS) {
      test.concurrent(fault.name, async () => {
        const cell = new Cell(fault, `cell${(cells += 1)}`)
        await cell.startVault()
        try {
          await run(cell)
          expect(cell.asked).toBeGreaterThan(0)
          expect(cell.asked).toBeLessThan(60)
        } finally {
          await cell.off()
          await cell.pool?.end().catch(() => undefined)
          await cell.credentials?.close()
          await cell.usersLeft(0)
          await cell.vault.close()
        }
      })
    }
  })
}
