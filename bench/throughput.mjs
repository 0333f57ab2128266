#!/usr/bin/env node
// How fast the leased pools are, as a ratio to the pools they stand in for: same process, same server, in turn, forwards and
// backwards. `npm run bench`, or `npm run bench -- --rounds 30`.
import { fixedCredentials } from '@leasepool/core'
import { startEmbeddedPostgres } from '@leasepool/dev-vault'
import { leasedKnex } from '@leasepool/knex-adapter'
import { LeasedPool } from '@leasepool/pg-adapter'
import knex from 'knex'
import pg from 'pg'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, queries: { type: 'string', default: '4000' } },
})
const rounds = Number(values.rounds)
const queries = Number(values.queries)
const CALLERS = 32
const max = 10

const server = await startEmbeddedPostgres()
const login = { username: new URL(server.url).username, password: new URL(server.url).password }
const credentials = await fixedCredentials(login)
const where = { host: server.host, port: server.port, database: 'postgres' }
const stock = { ...where, user: login.username, password: login.password }

const pools = {
  'pg.Pool': new pg.Pool({ ...stock, max }),
  LeasedPool: new LeasedPool({ ...where, max }, credentials),
  knex: knex({ client: 'pg', connection: stock, pool: { min: 0, max } }),
  leasedKnex: knex(leasedKnex({ client: 'pg', connection: where, pool: { min: 0, max } }, credentials)),
}
const ask = (pool) => (typeof pool === 'function' ? () => pool.raw('SELECT 1') : () => pool.query('SELECT 1'))

async function perSecond(query) {
  let left = queries
  const startMs = performance.now()
  const caller = async () => {
    while (left-- > 0) await query()
  }
  await Promise.all(Array.from({ length: CALLERS }, caller))
  return (queries / (performance.now() - startMs)) * 1000
}

const names = Object.keys(pools)
const speeds = Object.fromEntries(names.map((name) => [name, []]))
for (const name of names) await perSecond(ask(pools[name])) // warm-up: connections, and the compiler
for (let round = 0; round < rounds; round++) {
  for (const name of round % 2 === 0 ? names : names.toReversed()) speeds[name].push(await perSecond(ask(pools[name])))
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]
const ratio = (name, base) => {
  const ratios = speeds[name].map((speed, round) => speed / speeds[base][round])
  const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
  return `${name} / ${base}: median ${median(ratios).toFixed(2)}, from ${low.toFixed(2)} to ${high.toFixed(2)}`
}
console.log(
  `SELECT 1, ${rounds} rounds of ${queries} queries, ${CALLERS} callers, max ${max}, PostgreSQL on loopback, Node ${process.version}`,
)
for (const name of names) console.log(`  ${name.padEnd(11)} ${Math.round(median(speeds[name]))} queries/s (median)`)
console.log(ratio('LeasedPool', 'pg.Pool'))
console.log(ratio('leasedKnex', 'knex'))

for (const name of names) await (name.toLowerCase().includes('knex') ? pools[name].destroy() : pools[name].end())
await credentials.close()
await server.stop()
