import { afterAll, beforeAll, expect, it } from 'vitest'
import { startMariaDb, type TestMysql } from '../../../test/support/mysql'

let server: TestMysql

beforeAll(async () => (server = await startMariaDb()))
afterAll(() => server?.stop())

it('starts a server that takes statements, databases and users', async () => {
  const [row] = await server.sql('SELECT VERSION() AS version, @@port AS port')
  expect(String(row!['version'])).toContain('MariaDB')
  const { name, url } = await server.createDatabase('app')
  expect(url).toBe(`${server.url}/${name}`)
  const user = `v-${name}`
  await server.sql(`CREATE USER '${user}'@'%' IDENTIFIED BY 'y'`)
  await server.sql(`GRANT SELECT ON ${name}.* TO '${user}'@'%'`)
  expect(await server.users()).toEqual([user])
  await server.sql(`DROP USER '${user}'@'%'`)
  expect(await server.users()).toEqual([])
})
