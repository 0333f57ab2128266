import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { buildPackages } from '../support/build'
import { poll } from '../support/poll'
import { CASES, nothingIsLeft, openBed, type Bed } from './bed'
import { ask, codeOf, exitOf, ORDER, startService, type Service } from './service'

/** A rotation every 1.4 s or so. */
const SHORT = { ttlSeconds: 2, maxTtlSeconds: 3 }
/** No rotation before the test is over. */
const LONG = { ttlSeconds: 60, maxTtlSeconds: 600 }

beforeAll(buildPackages)

describe.each(CASES)('%s on %s', (example, database) => {
  const start = (bed: Bed): Promise<Service> => startService(example, bed.environment)

  it('makes orders, lists them page by page, and finds them', async () => {
    const service = await start(await openBed(database, LONG))
    const customers = ['Ada', 'Grace', 'Edsger']
    for (const [index, customer] of customers.entries())
      expect(await ask(service, '/orders', { ...ORDER, customer })).toEqual({
        status: 201,
        body: { id: index + 1 },
        closes: false,
      })

    expect((await ask(service, '/orders?limit=2')).body).toEqual({
      orders: [
        { id: 3, customer: 'Edsger' },
        { id: 2, customer: 'Grace' },
      ],
      next: 2,
    })
    expect((await ask(service, '/orders?limit=2&before=2')).body).toEqual({ orders: [{ id: 1, customer: 'Ada' }], next: null })
    expect((await ask(service, '/orders/1')).body).toEqual({ id: 1, ...ORDER })
    expect((await ask(service, '/orders/4')).status).toBe(404)
    expect((await ask(service, '/orders?limit=many')).status).toBe(400)
    expect((await ask(service, '/orders', { customer: 'Ada', items: [] })).status).toBe(400)
  })

  it('answers what is under way when it is told to end, and nothing new', async () => {
    const bed = await openBed(database, LONG)
    const service = await startService(example, { ...bed.environment, STOP_DELAY_MS: '4000' })
    const unlock = await bed.database.lockOrders()
    onTestFinished(() => unlock().catch(() => undefined))
    const held = Promise.all([ask(service, '/orders', ORDER), ask(service, '/orders', ORDER)])
    await poll('two orders wait', () => bed.database.waiting(), (waiting) => waiting === 2) // prettier-ignore

    process.kill(service.pid, 'SIGTERM')
    await poll('it is not ready', () => ask(service, '/readyz'), ({ status }) => status === 503) // prettier-ignore
    expect(await ask(service, '/orders')).toMatchObject({ status: 200, closes: true })
    const refusal = (): Promise<string> => fetch(`${service.url}/healthz`).then(() => 'answered', codeOf)
    await poll('it takes nobody new', refusal, (code) => code === 'ECONNREFUSED')
    expect(await bed.database.waiting()).toBe(2)

    await unlock()
    for (const answer of await held) expect(answer).toMatchObject({ status: 201, closes: true })
    expect(await exitOf(service)).toBe(0)
    await nothingIsLeft(bed)
  })

  it('says that it is not ready, but alive, while the database is silent or no user can be had', async () => {
    const bed = await openBed(database, SHORT)
    const service = await start(bed)
    const ready = (): Promise<unknown> => ask(service, '/readyz').then(({ body }) => body)

    bed.proxy.hang()
    await poll('it says so', ready, (is) => expect.objectContaining({ ready: false, database: 'silent' }).asymmetricMatch(is))
    expect((await ask(service, '/healthz')).status).toBe(200)
    bed.proxy.letGo()
    await poll('it is ready again', ready, (is) => expect.objectContaining({ ready: true }).asymmetricMatch(is), 20_000)

    bed.vault.outage()
    const down = { ready: false, credentials: expect.objectContaining({ state: 'down' }) as object }
    await poll('it says so, too', ready, (is) => expect.objectContaining(down).asymmetricMatch(is))
    expect((await ask(service, '/healthz')).status).toBe(200)
    bed.vault.outage(false)
    await poll('it is ready once more', ready, (is) => expect.objectContaining({ ready: true }).asymmetricMatch(is), 20_000)
  })

  it('starts with servers of its own, and leaves nothing of them after a Ctrl-C', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'leasepool-test-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await chmod(folder, 0o1777) // as root, the servers run as other users
    const service = await startService(example, { DATABASE: database, TMPDIR: folder }, 'dev')
    expect((await ask(service, '/orders', ORDER)).status).toBe(201)

    process.kill(-service.pid, 'SIGINT') // everybody in the terminal's group
    expect(await exitOf(service)).toBe(0)
    await poll('the servers have ended', () => readdir(folder), (files) => files.length === 0) // prettier-ignore
  })
})
