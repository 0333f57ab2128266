import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import { buildPackages } from '../support/build'
import { poll } from '../support/poll'
import { serves, TIMEOUT_MS } from './nestjs-service'
import { ask, exitOf, ORDER, startIn } from './service'

const folder = join(__dirname, '..', '..', 'examples', 'nestjs')

beforeAll(buildPackages)

it('serves under load while its users are replaced, and ends in good order', { timeout: TIMEOUT_MS }, () =>
  serves(folder, 'degraded'),
)

it('starts with servers of its own, and leaves nothing of them after a Ctrl-C', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'leasepool-test-'))
  onTestFinished(() => rm(temporary, { recursive: true, force: true }))
  await chmod(temporary, 0o1777) // as root, the servers run as other users
  const service = await startIn(folder, { TMPDIR: temporary }, 'dev', '/health')
  expect((await ask(service, '/orders', ORDER)).status).toBe(201)
  expect((await ask(service, '/orders/1')).body).toMatchObject({ id: 1, ...ORDER })
  expect((await ask(service, '/orders?limit=1')).body).toEqual([{ id: 1, customer: 'Ada' }])
  expect((await ask(service, '/reports/products')).body).toEqual([
    { product: 'pen', quantity: '2' },
    { product: 'ink', quantity: '1' },
  ])
  expect((await ask(service, '/orders/2')).status).toBe(404)
  for (const wrong of ['/orders/x', '/orders?limit=0', '/orders?before=-1']) expect((await ask(service, wrong)).status).toBe(400)
  expect((await ask(service, '/orders', { customer: 'Ada', items: [] })).status).toBe(400)

  process.kill(-service.pid, 'SIGINT') // everybody in the terminal's group
  expect(await exitOf(service)).toBe('SIGINT')
  await poll('the servers have ended', () => readdir(temporary), (files) => files.length === 0) // prettier-ignore
})
