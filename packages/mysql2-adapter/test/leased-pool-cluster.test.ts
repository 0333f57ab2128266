import { LeasedCredentials } from '@leasepool/core'
import { leasedPoolCluster } from '@leasepool/mysql2-adapter'
import { createPoolCluster } from 'mysql2'
import { createPoolCluster as createPromiseCluster } from 'mysql2/promise'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer, type ContractServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'
import { poll } from '../../../test/support/poll'

let server: ContractServer
beforeAll(async () => void (server = await startServer('mariadb')))
afterAll(() => server.stop())

const node = () => ({ host: server.host, port: server.port, database: server.database, connectionLimit: 2 })
const credentialsOf = (source: UserSource) => LeasedCredentials.start(source, { closeTimeoutMs: 500 })

test('nodes that were there and nodes that come are leased pools, each with the credentials of its role', async () => {
  const [writer, reader] = await Promise.all([new UserSource(server), new UserSource(server)].map(credentialsOf))
  const cluster = createPromiseCluster()
  cluster.add('MASTER', node())
  expect(leasedPoolCluster(cluster, (name) => (name === 'MASTER' ? writer! : reader!), { name: 'shop' })).toBe(cluster)
  cluster.add('SLAVE1', node())
  const who = async (pattern: string): Promise<unknown> => {
    const connection = await cluster.getConnection(pattern)
    const [rows] = await connection.query(server.who)
    connection.release()
    return (rows as { who: string }[])[0]!.who
  }
  expect([await who('MASTER'), await who('SLAVE*')]).toEqual([writer!.current().username, reader!.current().username])
  await reader!.rotate()
  expect([await who('MASTER'), await who('SLAVE*')]).toEqual([writer!.current().username, reader!.current().username])
  expect([writer!, reader!].map((each) => each.status().pools.map(({ name }) => name))).toEqual([
    ['shop:MASTER'],
    ['shop:SLAVE1'],
  ])
  await cluster.end()
  await Promise.all([writer!.close(), reader!.close()])
})

test.each([true, false])('logins that are refused take no node out, and are told at once (canRetry %s)', async (canRetry) => {
  const source = new UserSource(server)
  const credentials = await LeasedCredentials.start(source, { closeTimeoutMs: 500, probeTimeoutMs: 100 })
  const cluster = leasedPoolCluster(createPoolCluster({ canRetry, removeNodeErrorCount: 2 }), credentials)
  cluster.add('only', node())
  const removed: unknown[] = []
  cluster.on('remove', (id) => removed.push(id))
  const query = (): Promise<unknown> =>
    new Promise((resolve, reject) =>
      cluster.of('only').query('SELECT 1', (error, rows) => (error ? reject(error) : resolve(rows))),
    )
  source.refusesLogins = true
  await server.setPassword(credentials.current().username, 'Somebody-elses-now')
  for (let attempt = 0; attempt < 4; attempt++) await expect(query()).rejects.toMatchObject({ errno: 1045 })
  expect(removed).toEqual([])
  source.refusesLogins = false
  // One that is under way, by itself, has a user that may not log in; and a login may take longer than the limit.
  const rotates = (): Promise<boolean> => credentials.rotate().then(() => true, () => false) // prettier-ignore
  await poll('there is a user that may log in', rotates, (has) => has)
  await expect(query()).resolves.toEqual([{ 1: 1 }])
  await credentials.close()
  for (let attempt = 0; attempt < 4; attempt++) await expect(query()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
  expect(removed).toEqual([])
  await new Promise((resolve) => cluster.end(resolve))
})

test('a node whose server is away is taken out as ever', async () => {
  const credentials = await credentialsOf(new UserSource(server))
  const cluster = leasedPoolCluster(createPoolCluster({ canRetry: false, removeNodeErrorCount: 2 }), credentials)
  cluster.add('away', { ...node(), port: 1 })
  const removed: unknown[] = []
  cluster.on('remove', (id) => removed.push(id))
  for (let attempt = 0; attempt < 2; attempt++) {
    await new Promise<void>((resolve) =>
      cluster.getConnection('away', (error) => (expect(error).toMatchObject({ code: 'ECONNREFUSED' }), resolve())),
    )
  }
  expect(removed).toEqual(['away'])
  await new Promise((resolve) => cluster.end(resolve))
  await poll('the pool of the node is gone', () => credentials.status().pools.length, (count) => count === 0) // prettier-ignore
  await credentials.close()
})
