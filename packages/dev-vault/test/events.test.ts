import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDevVault, startEmbeddedPostgres, type DevVault, type DevVaultEvent, type EmbeddedPostgres } from '../src/index'

let postgres: EmbeddedPostgres
let vault: DevVault
const events: DevVaultEvent[] = []
beforeAll(async () => {
  postgres = await startEmbeddedPostgres()
  const creationStatements = [`CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}'`]
  vault = await startDevVault({
    databases: { main: { url: postgres.url } },
    roles: {
      app: { database: 'main', creationStatements, defaultTtlSeconds: 60 },
      short: { database: 'main', creationStatements, defaultTtlSeconds: 1 },
      kept: { database: 'main', creationStatements, revocationStatements: ['SELECT 1/0'], defaultTtlSeconds: 60 },
    },
  })
  vault.onEvent(() => {
    throw new Error('of a listener')
  })
  vault.onEvent((event) => events.push(event))
})
afterAll(async () => {
  await vault.close()
  await postgres.stop()
})

async function call(
  method: string,
  path: string,
  body?: object,
): Promise<{ lease_id: string; data: { username: string; password: string } }> {
  const response = await fetch(`${vault.address}/v1/${path}`, {
    method,
    headers: { 'X-Vault-Token': vault.rootToken },
    ...(body && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return JSON.parse(text || '{}') as Awaited<ReturnType<typeof call>>
}

const about = (leaseId: string): DevVaultEvent[] => events.filter((event) => 'leaseId' in event && event.leaseId === leaseId)

test('tells of a user from its issue to its end, and of requests, without secrets', async () => {
  const { lease_id, data } = await call('GET', 'database/creds/app')
  await call('POST', 'sys/leases/renew', { lease_id, increment: 30 })
  await call('POST', 'sys/leases/revoke', { lease_id })
  const leased = { leaseId: lease_id, role: 'app', username: data.username }
  expect(about(lease_id)).toEqual([
    { type: 'issued', ...leased, ttlSeconds: 60 },
    { type: 'renewed', ...leased, ttlSeconds: 30 },
    { type: 'ended', ...leased, reason: 'revoked' },
  ])
  expect(events).toContainEqual({ type: 'answered', method: 'GET', path: '/v1/database/creds/app', status: 200 })
  expect(JSON.stringify(events)).not.toContain(data.password)
  expect(JSON.stringify(events)).not.toContain(vault.rootToken)
})

test('tells that a user has expired', async () => {
  const { lease_id } = await call('GET', 'database/creds/short')
  await expect.poll(() => about(lease_id).at(-1), { timeout: 5_000 }).toMatchObject({ type: 'ended', reason: 'expired' })
})

test('tells that the database refuses to drop a user', async () => {
  const { lease_id } = await call('GET', 'database/creds/kept')
  await call('POST', 'sys/leases/revoke', { lease_id, sync: false })
  await expect
    .poll(() => about(lease_id).at(-1), { timeout: 5_000 })
    .toMatchObject({ type: 'revokeFailed', attempt: 1, cause: expect.stringContaining('division by zero') })
})
