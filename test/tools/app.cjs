// An app that is watched by its owner's own tools. `node app.cjs '{"library":"pg","leased":true,…}'` does the same work with the library's own
// pool and with a leased one, and prints the spans that OpenTelemetry saw. Not by vitest: instrumentation patches what Node loads.
const { context, trace } = require('@opentelemetry/api')
const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
const { registerInstrumentations } = require('@opentelemetry/instrumentation')
const { KnexInstrumentation } = require('@opentelemetry/instrumentation-knex')
const { MySQL2Instrumentation } = require('@opentelemetry/instrumentation-mysql2')
const { PgInstrumentation } = require('@opentelemetry/instrumentation-pg')
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base')

const exporter = new InMemorySpanExporter()
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
trace.setGlobalTracerProvider(tracerProvider)
registerInstrumentations({
  tracerProvider,
  instrumentations: [
    new PgInstrumentation({ enhancedDatabaseReporting: true }),
    new MySQL2Instrumentation(),
    new KnexInstrumentation({ maxQueryLength: 1_000 }),
  ],
})

const { library, leased, rotates, place, username, password } = JSON.parse(process.argv[2])
const { fixedCredentials } = require('@leasepool/core')

/** A connection that is checked before it is lent shows, too: not here, however slow the machine is. */
const unchecked = { pingBypassMs: 600_000 }

/** What TypeORM says to its logger. */
const logged = []
const methods = ['logQuery', 'logQueryError', 'logQuerySlow', 'logSchemaBuild', 'logMigration', 'log']
const logger = Object.fromEntries(
  methods.map((name) => [name, (...said) => logged.push([name, ...said.slice(0, -1).map(String)])]),
)

const failing = (asked) => asked.then(() => undefined, ({ code }) => code) // prettier-ignore

/** Makes a pool, stock or leased, and gives what to do with it. */
const apps = {
  pg(credentials) {
    const { Pool } = require('pg')
    const { LeasedPool } = require('@leasepool/pg-adapter')
    const options = { ...place, max: 1 }
    const pool = leased ? new LeasedPool(options, credentials, unchecked) : new Pool({ ...options, user: username, password })
    return {
      async work() {
        await pool.query('SELECT count(*) FROM item WHERE id > $1', [7])
        await new Promise((resolve) => pool.query('SELECT 2', resolve))
        const client = await pool.connect()
        await client.query('BEGIN')
        await client.query({ name: 'by-label', text: 'SELECT id FROM item WHERE label = $1', values: ['item 7'] })
        await client.query('COMMIT')
        client.release()
        await failing(pool.query('SELECT no_such_column'))
      },
      end: () => pool.end(),
    }
  },
  mysql2(credentials) {
    const mysql = require('mysql2/promise')
    const { leasedPool } = require('@leasepool/mysql2-adapter')
    const options = { ...place, connectionLimit: 1 }
    const pool = leased
      ? leasedPool(mysql.createPool(options), credentials, unchecked)
      : mysql.createPool({ ...options, user: username, password })
    return {
      async work() {
        await pool.query('SELECT COUNT(*) FROM item WHERE id > ?', [7])
        await pool.execute('SELECT id FROM item WHERE label = ?', ['item 7'])
        const connection = await pool.getConnection()
        await connection.beginTransaction()
        await connection.query({ sql: 'SELECT id FROM item WHERE label = ?', values: ['item 8'] })
        await connection.commit()
        connection.release()
        await failing(pool.query('SELECT no_such_column'))
      },
      end: () => pool.end(),
    }
  },
  knex(credentials, client) {
    const { knex } = require('knex')
    const { leasedKnex } = require('@leasepool/knex-adapter')
    const config = { client, connection: place, pool: { min: 0, max: 1 } }
    const db = leased
      ? knex(leasedKnex(config, credentials, unchecked))
      : knex({ ...config, connection: { ...place, user: username, password } })
    return {
      async work() {
        await db('item').where('id', '>', 7).count()
        await db.transaction(async (trx) => {
          await trx('item').where({ label: 'item 7' }).first()
          await trx.transaction((inner) => inner('item').where({ label: 'item 8' }).select('id'))
        })
        await failing(db.raw('SELECT no_such_column'))
        for await (const _ of db('item').select('id').limit(3).stream());
      },
      end: () => db.destroy(),
    }
  },
  async typeorm(credentials, client) {
    const { DataSource } = require('typeorm')
    const { leasedDataSource } = require('@leasepool/typeorm-adapter')
    const options = { type: client === 'pg' ? 'postgres' : 'mariadb', ...place, poolSize: 1, logging: 'all', logger }
    const dataSource = new DataSource(
      leased ? leasedDataSource(options, credentials, unchecked) : { ...options, username, password },
    )
    await dataSource.initialize()
    return {
      async work() {
        await dataSource.query(client === 'pg' ? 'SELECT $1::text' : 'SELECT ?', ['bound'])
        await dataSource.transaction(async (manager) => {
          await manager.query('SELECT 2')
          await manager.transaction((inner) => inner.query('SELECT 3'))
        })
        await failing(dataSource.query('SELECT no_such_column'))
      },
      end: () => dataSource.destroy(),
    }
  },
}

async function main() {
  const tracer = trace.getTracer('app')
  const credentials = await fixedCredentials({ username, password })
  const [name, client] = library.split(':')
  const { work, end } = await apps[name](credentials, client)
  const traced = () =>
    tracer.startActiveSpan('work', async (span) => {
      await work()
      span.end()
    })
  await traced()
  if (rotates) {
    await credentials.rotate()
    exporter.reset()
    logged.length = 0
    await traced()
  }
  await end()
  await credentials.close()
  const spans = exporter.getFinishedSpans()
  const nameOf = new Map(spans.map((span) => [span.spanContext().spanId, span.name]))
  const shown = spans.map(({ name, kind, status, attributes, events, parentSpanContext }) => ({
    name,
    parent: nameOf.get(parentSpanContext?.spanId),
    kind,
    status,
    attributes,
    events: events.map((event) => ({ name: event.name, message: event.attributes?.['exception.message'] })),
  }))
  console.log(JSON.stringify({ spans: shown, logged }))
}
void main()
