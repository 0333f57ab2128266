import { startEmbeddedPostgres } from '@leasepool/dev-vault'
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { sellUntil, settings, startVault } from './servers.js'
import { openShop } from './shop.js'

let postgres, url, vault, shop

beforeAll(async () => {
  postgres = await startEmbeddedPostgres()
  url = await postgres.createDatabase('shop')
  vault = await startVault(url)
}, 60_000)

beforeEach(async () => {
  // The first login fails, and is tried again.
  vault.failNext('auth/approle/login', { status: 503 })
  shop = await openShop(settings(vault, url))
}, 20_000)

afterEach(async () => {
  vault.clear()
  await shop.close()
  expect(vault.leases()).toEqual([]) // it gave everything back
}, 20_000)

afterAll(async () => {
  await vault.close()
  await postgres.stop()
}, 20_000)

it('sells on while its database user is replaced, also by a slow Vault', async () => {
  vault.latency(200)
  await sellUntil(shop, once(shop.credentials, 'rotated'))
}, 20_000)

it('sells on while Vault is sealed for a moment', async () => {
  vault.seal()
  await sellUntil(shop, once(shop.credentials, 'renewFailed'))
  vault.seal(false)
  await sellUntil(shop, once(shop.credentials, 'rotated'))
}, 20_000)

it('sells again soon after all users were revoked', async () => {
  await vault.revokeAll()
  await expect.poll(() => shop.sell().then(() => 'sold', String), { timeout: 10_000 }).toBe('sold')
}, 20_000)
