import { type LeasedCredentials, type VaultCredentialsOptions } from '@leasepool/core'
import { leasedKnex } from '@leasepool/knex-adapter'
import { closedOnShutdown, getCredentialsToken, InjectCredentials, LeasepoolModule } from '@leasepool/nestjs'
import { LeasedPool } from '@leasepool/pg-adapter'
import { leasedDataSource } from '@leasepool/typeorm-adapter'
import { Controller, Get, Inject, Injectable, Module, type DynamicModule, type INestApplication } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm'
import knexFactory, { type Knex } from 'knex'
import type { Pool } from 'pg'
import { DataSource, type DataSourceOptions } from 'typeorm'

// An app with pools of every kind, as small as they can be. Compiled by itself for each version of Nest, too.
const KNEX = 'KNEX'
const POOL = 'POOL'
const SLOW = 'select pg_sleep(0.05)'

export interface Setting {
  readonly database: { readonly host: string; readonly port: number; readonly database: string }
  readonly vault: VaultCredentialsOptions
  /** Whether the module of the credentials is the first or the last of the app's. */
  readonly imported: 'first' | 'last'
}

/** What happened, in its order. */
const log: string[] = []
let setting: Setting
/** All pools are in full use: requests end some time after that. */
let isAmid = false

@Module({
  providers: [
    {
      provide: KNEX,
      inject: [getCredentialsToken()],
      useFactory: (credentials: LeasedCredentials) => {
        const config = { client: 'pg', connection: { ...setting.database }, pool: { min: 0, max: 2 } }
        return closedOnShutdown(
          knexFactory(leasedKnex(config, credentials)),
          ended('knex', (db) => db.destroy()),
        )
      },
    },
  ],
  exports: [KNEX],
})
class KnexModule {}

function ended<T>(what: string, end: (it: T) => Promise<unknown>): (it: T) => Promise<void> {
  return async (it) => {
    await end(it)
    log.push(`${what} ended`)
  }
}

@Controller()
class SlowController {
  constructor(
    @Inject(getDataSourceToken()) readonly first: DataSource,
    @Inject(getDataSourceToken('second')) readonly second: DataSource,
    @Inject(KNEX) readonly knex: Knex,
    @Inject(POOL) readonly pool: Pool,
  ) {}

  @Get('slow')
  async slow(): Promise<string> {
    for (let left = 3; left > 0; left -= isAmid ? 1 : 0) {
      await Promise.all([
        this.first.transaction(async (manager) => {
          await manager.query(SLOW)
          await manager.query(SLOW)
        }),
        this.second.query(SLOW),
        this.knex.transaction(async (trx) => {
          await trx.raw(SLOW)
          await trx.raw(SLOW)
        }),
        this.pool.query(SLOW),
      ])
    }
    log.push('answered')
    return 'done'
  }
}

/** Works without being asked to, until it is told to stop. */
@Injectable()
class Worker {
  #isStopping = false
  #working: Promise<void>

  constructor(
    @Inject(getDataSourceToken()) readonly dataSource: DataSource,
    @InjectCredentials() credentials: LeasedCredentials,
  ) {
    this.#working = this.#work()
    for (const name of ['drained', 'revoked', 'closed'] as const) credentials.on(name, () => log.push(name))
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#isStopping = true
    await this.#working
    log.push('worker stopped')
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      await this.dataSource
        .transaction((manager) => manager.query(SLOW))
        .catch((error: Error) => log.push(`worker failed: ${error.message}`))
    }
  }
}

function dataSource(name: string): DynamicModule {
  return TypeOrmModule.forRootAsync({
    ...(name !== 'default' && { name }),
    inject: [getCredentialsToken()],
    // Up to version 11, @nestjs/typeorm looks for the name in what the factory makes when the app shuts down.
    useFactory: (credentials: LeasedCredentials) => ({
      ...leasedDataSource({ type: 'postgres' as const, ...setting.database, poolSize: 2 }, credentials),
      ...(name !== 'default' && { name }),
    }),
    dataSourceFactory: async (options) => {
      const made = await new DataSource(options as DataSourceOptions).initialize()
      const destroy = made.destroy.bind(made)
      made.destroy = () => ended(`data source ${name}`, destroy)(undefined as never)
      return made
    },
  })
}

@Module({})
class AppModule {
  static of(): DynamicModule {
    const others = [dataSource('default'), dataSource('second'), KnexModule]
    const credentials = LeasepoolModule.forRoot({ ...setting.vault, log: false })
    const pool = {
      provide: POOL,
      inject: [getCredentialsToken()],
      useFactory: (handle: LeasedCredentials) =>
        closedOnShutdown(
          new LeasedPool({ ...setting.database, max: 2 }, handle),
          ended('pool', (it) => it.end()),
        ),
    }
    return {
      module: AppModule,
      imports: setting.imported === 'first' ? [credentials, ...others] : [...others, credentials],
      controllers: [SlowController],
      providers: [pool, Worker],
    }
  }
}

const borrowed = (credentials: LeasedCredentials): number =>
  credentials.status().pools.reduce((sum, pool) => sum + pool.borrowed, 0)

/** Starts the app, and ends it while it is answering `requests` requests and a rotation is under way. Resolves with what happened, in its order. */
export async function endAmidRequests(
  given: Setting,
  requests: number,
): Promise<{ log: readonly string[]; statuses: readonly number[] }> {
  setting = given
  log.length = 0
  isAmid = false
  const app: INestApplication = await NestFactory.create(AppModule.of(), { logger: false, abortOnError: false })
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const credentials = app.get<LeasedCredentials>(getCredentialsToken())
  const answers = Array.from({ length: requests }, () =>
    fetch(`${url}/slow`, { headers: { connection: 'close' } }).then(({ status }) => status),
  )
  while (borrowed(credentials) < 8) await new Promise((resolve) => setTimeout(resolve, 5))
  isAmid = true
  const rotation = credentials.rotate()
  await rotation
  await app.close()
  log.push('app closed')
  return { log: [...log], statuses: await Promise.all(answers) }
}
