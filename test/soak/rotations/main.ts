import { LeasedCredentials } from '@leasepool/core'
import { startServer, type ContractServer } from '../../contract/server'
import { poll } from '../../support/poll'
import { startProxy, type Proxy } from '../../support/proxy'
import { randomFrom } from '../../support/random'
import { UserSource } from '../../support/user-source'
import { Callers, Tally } from './callers'
import { mysqlWork } from './mysql-work'
import { pgWork } from './pg-work'
import type { Report, RunOptions, Sample } from './report'
import { Watch } from './watch'
import { COMMITTED, GIVEN_UP, type Work } from './work'

/** A process of its own, so that its heap holds nothing of the tests: runs, and prints a report. */
async function main(options: RunOptions): Promise<Report> {
  const server = await startServer(options.kind)
  if (options.kind === 'postgres') await server.sql('SET scram_iterations = 1') // hashing would be most of a login
  const proxies: Proxy[] = [await startProxy(server.port), await startProxy(server.port)]
  try {
    const source = new UserSource(server)
    const credentials = await LeasedCredentials.start(source)
    return await new Run(options, server, proxies, source, credentials).report()
  } finally {
    for (const proxy of proxies) await proxy.close()
    await server.stop()
  }
}

class Run {
  readonly #options: RunOptions
  readonly #server: ContractServer
  readonly #proxies: readonly Proxy[]
  readonly #source: UserSource
  readonly #credentials: LeasedCredentials
  readonly #watch: Watch
  readonly #work: Work
  readonly #tally = new Tally()
  readonly #samples: Sample[] = []
  readonly #leaked: unknown[] = []
  #rotations = 0

  constructor(
    options: RunOptions,
    server: ContractServer,
    proxies: readonly Proxy[],
    source: UserSource,
    credentials: LeasedCredentials,
  ) {
    this.#options = options
    this.#server = server
    this.#proxies = proxies
    this.#source = source
    this.#credentials = credentials
    this.#watch = new Watch(credentials, (error) => this.#work.gaveUp(error))
    const [port, impatientPort] = proxies.map((proxy) => proxy.port) as [number, number]
    const { host, database } = server
    const random = randomFrom(options.seed)
    const where = { host, database, port, impatientPort, random, opened: this.#watch.expectGone }
    this.#work = (options.kind === 'postgres' ? pgWork : mysqlWork)(where, credentials)
  }

  async report(): Promise<Report> {
    const startMs = performance.now()
    while (this.#rotations < this.#options.rotations && !this.#tally.hasFailed) await this.#round()
    const seconds = (performance.now() - startMs) / 1_000
    const rows = { committed: await this.#work.rows(COMMITTED), givenUp: await this.#work.rows(GIVEN_UP) }
    await this.#work.end()
    const socketsLeft = this.#proxies.reduce((sum, proxy) => sum + proxy.open, 0)
    const poolsLeft = this.#credentials.status().pools.length
    await this.#credentials.close()
    const users = (await this.#server.users()).filter((user) => user.startsWith(this.#source.prefix))
    return {
      rotations: this.#rotations,
      seconds,
      ...this.#tally,
      ...this.#watch.seen,
      rows,
      peakSockets: this.#proxies.map(({ peak }) => peak),
      socketsLeft,
      poolsLeft,
      usersLeft: users.length,
      samples: this.#samples,
    }
  }

  /** Rotations while everybody works, and one when nobody does, which closes what is open. Then a sample. */
  async #round(): Promise<void> {
    const { rotations, every, seed } = this.#options
    const last = Math.min(rotations, this.#rotations + every)
    const callers = new Callers(this.#work, this.#tally, randomFrom(seed + this.#rotations))
    while (this.#rotations < last - 1 && !this.#tally.hasFailed) await this.#rotate()
    await callers.stop()
    await this.#rotate()
    const open = (): number[] => [...this.#proxies.map((proxy) => proxy.open), ...this.#credentials.status().draining]
    await poll('nothing is open', open, (now) => now.every((count) => count === 0), 30_000)
    for (const list of [this.#source.revoked, this.#source.passwords]) list.splice(0) // the source's own
    const sample = await this.#watch.sample(this.#rotations, this.#work)
    this.#samples.push(sample)
    if (rotations >= 1_000)
      console.error(`${this.#options.kind}: ${this.#rotations} rotations, ${sample.heapBytes} bytes, held ${sample.held}`)
  }

  async #rotate(): Promise<void> {
    this.#watch.expectGone(this.#credentials.current())
    await this.#credentials.rotate().catch((error: unknown) => this.#tally.failed('rotation', error))
    this.#rotations += 1
    if (this.#options.leakBytes > 0) this.#leaked.push(Array.from({ length: this.#options.leakBytes / 8 }, () => 0))
  }
}

main(JSON.parse(process.argv[2]!) as RunOptions).then(
  (report) => process.stdout.write(JSON.stringify(report), () => process.exit()), // what keeps the process alive is in the report
  (error: unknown) => {
    console.error(error)
    process.exit(1)
  },
)
