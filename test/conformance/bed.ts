import { startEmbeddedPostgres } from '@leasepool/dev-vault'
import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { expect } from 'vitest'
import { Inspector, login, urlFor } from '../../packages/dev-vault/test/support'
import { startMariaDb, startMySql, type TestMysql } from '../support/mysql'
import { poll } from '../support/poll'
import type { VaultServer } from '../support/vault-server'
import type { ServerKind } from './case'
import { type Answer, client, type Send } from './client'
import { CREATE, DROP, type Fixture, setUpFixture } from './fixture'

/** Credentials that were issued. */
export interface Issued {
  readonly lease_id: string
  readonly lease_duration: number
  readonly data: { readonly username: string; readonly password: string }
}

/** One server with the fixture in it, the database behind it, and the calls that many stories make. */
export class Bed {
  readonly kind: ServerKind
  readonly fixture: Fixture
  readonly root: string
  readonly send: Send
  readonly database: Inspector
  readonly databaseUrl: string
  /** Started at the first call; all beds share it. */
  readonly mysql: (kind: TestMysql['kind']) => Promise<TestMysql>

  constructor(server: VaultServer, fixture: Fixture, databaseUrl: string, mysql: Bed['mysql']) {
    this.kind = server.name
    this.fixture = fixture
    this.root = server.rootToken
    this.send = client(server.address)
    this.database = new Inspector(databaseUrl)
    this.databaseUrl = databaseUrl
    this.mysql = mysql
  }

  /** One request with a token, root's unless said otherwise. */
  call(method: string, path: string, body?: unknown, token = this.root, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send({ method, path, body, token, headers })
  }

  /** A request that must succeed. */
  async ok(method: string, path: string, body?: unknown, token = this.root): Promise<Answer> {
    const answer = await this.call(method, path, body, token)
    expect(answer, `${method} ${path}`).toMatchObject({ status: expect.toBeOneOf([200, 202, 204]) as number })
    return answer
  }

  async createToken(body: object, creator = this.root): Promise<string> {
    return (await this.ok('POST', 'auth/token/create', body, creator)).body.auth.client_token as string
  }

  /** A token from an AppRole login: policies `app` and `default`, 60 s, at most 120 s. */
  async loginToken(): Promise<string> {
    const secret = await this.ok('POST', 'auth/approle/role/app/secret-id')
    const body = { role_id: this.fixture.roleId, secret_id: secret.body.data.secret_id as string }
    return (await this.ok('POST', 'auth/approle/login', body, '')).body.auth.client_token as string
  }

  /** A dynamic role of the story's own; gives its name. */
  async role(more: object = {}): Promise<string> {
    const name = uniqueName('role')
    const fields = {
      db_name: 'pg',
      creation_statements: CREATE,
      revocation_statements: DROP,
      default_ttl: 30,
      max_ttl: 90,
      ...more,
    }
    await this.ok('POST', `database/roles/${name}`, fields)
    return name
  }

  async creds(role: string, token = this.root): Promise<Issued> {
    return (await this.ok('GET', `database/creds/${role}`, undefined, token)).body as Issued
  }

  renew({ lease_id }: Issued, increment?: unknown, token = this.root): Promise<Answer> {
    return this.call('PUT', 'sys/leases/renew', { lease_id, increment }, token)
  }

  lookup({ lease_id }: Issued, token = this.root): Promise<Answer> {
    return this.call('POST', 'sys/leases/lookup', { lease_id }, token)
  }

  revoke({ lease_id }: Issued, token = this.root, more: object = {}): Promise<Answer> {
    return this.call('POST', 'sys/leases/revoke', { lease_id, ...more }, token)
  }

  lookupSelf(token: string): Promise<Answer> {
    return this.call('GET', 'auth/token/lookup-self', undefined, token)
  }

  hasUser({ data }: Issued): Promise<boolean> {
    return this.database.hasUser(data.username)
  }

  /** Waits until the database user is gone. */
  async dropped(issued: Issued, withinMs = 5_000): Promise<void> {
    await poll(`the user of ${issued.lease_id} is dropped`, () => this.hasUser(issued), (has) => !has, withinMs) // prettier-ignore
  }

  /** `ok`, or the SQLSTATE with which the database refuses the login. */
  logIn(username: string, password: string): Promise<string> {
    return login(this.databaseUrl, username, password)
  }

  /** An open session; the story ends it. */
  async session(username: string, password: string): Promise<Client> {
    const session = new Client({ connectionString: urlFor(this.databaseUrl, username, password) })
    session.on('error', () => undefined)
    await session.connect()
    return session
  }
}

/** The answer is an error with these texts, or matchers for them. */
export function refused({ status, body }: Answer, expected: number, ...errors: unknown[]): void {
  expect({ status, body }).toEqual({ status: expected, body: { errors } })
}

/** A name that no other story uses. */
export function uniqueName(kind: string): string {
  return `${kind}-${randomBytes(4).toString('hex')}`
}

/** Beds for several servers on one PostgreSQL, each with a database of its own. */
export async function startBeds(servers: readonly VaultServer[]): Promise<{ beds: Bed[]; stop: () => Promise<void> }> {
  const postgres = await startEmbeddedPostgres()
  const started = new Map<TestMysql['kind'], Promise<TestMysql>>()
  const mysql: Bed['mysql'] = (kind) => {
    const server = started.get(kind) ?? (kind === 'mysql' ? startMySql() : startMariaDb())
    started.set(kind, server)
    return server
  }
  const beds = await Promise.all(
    servers.map(async (server) => {
      const url = await postgres.createDatabase(`of_${server.name.replace('-', '_')}`)
      await prepare(url)
      return new Bed(server, await setUpFixture(client(server.address), server.rootToken, url), url, mysql)
    }),
  )
  const stop = async (): Promise<void> => {
    // dev-vault tells of users that the database refused to drop: the cases leave some on purpose.
    await Promise.all(servers.map((server) => server.close().catch(() => undefined)))
    await Promise.all(beds.map((bed) => bed.database.pool.end()))
    for (const server of started.values()) await (await server.catch(() => undefined))?.stop()
    await postgres.stop()
  }
  return { beds, stop }
}

async function prepare(url: string): Promise<void> {
  const admin = new Client(url)
  await admin.connect()
  await admin.query(`
    DO $$ BEGIN CREATE ROLE readers; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    CREATE TABLE t (a int);
    GRANT SELECT ON t TO readers`)
  await admin.end()
}
