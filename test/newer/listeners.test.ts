import { LeasedCredentials } from '@leasepool/core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startItemServer, type ItemServer } from '../examples/item-server'
import { load } from '../examples/through-rotations'
import { poll } from '../support/poll'
import { UserSource } from '../support/user-source'

let server: ItemServer
beforeAll(async () => void (server = await startItemServer('postgres')))
afterAll(() => server.stop())

it.each(['pg-boss/db', 'graphile-worker/pool'])('%s: a listener that the server ends listens again', async (example) => {
  const source = new UserSource(server)
  const credentials = await LeasedCredentials.start(source)
  onTestFinished(() => credentials.close())
  const { host, port, database, owner } = server
  const openItems = await load(`newer-libraries/${example}`)
  const items = await openItems(credentials, { host, port, database }, owner)
  const before = await server.items()

  const first = await listener(source.prefix)
  await server.sql(`SELECT pg_terminate_backend(${first})`)
  await poll('another one listens', () => listener(source.prefix), (pid) => pid !== first) // prettier-ignore
  await items.copy(1)
  await credentials.rotate()
  await items.copy(2)
  await poll('the old user is gone', () => source.revoked.length, (revoked) => revoked === 1) // prettier-ignore
  await items.close()

  expect(await server.items()).toBe(before + 2)
  expect(await server.sessions(source.prefix)).toBe(0)
})

/** The process of the session that said LISTEN last, and nothing since. */
async function listener(prefix: string): Promise<number> {
  const listening = `SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND starts_with(usename, '${prefix}')`
  return poll('a session listens', async () => Number((await server.sql(listening))[0]?.['pid'] ?? 0), Boolean)
}
