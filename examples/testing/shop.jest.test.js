const { once } = require('node:events')
const { sellUntil, settings, startVault } = require('./servers')
const { openShop } = require('./shop')

const url = process.env.SHOP_DATABASE
let vault, shop

beforeAll(async () => {
  vault = await startVault(url)
  // The first login fails, and is tried again.
  vault.failNext('auth/approle/login', { status: 503 })
  shop = await openShop(settings(vault, url))
}, 20_000)

afterAll(async () => {
  await shop.close()
  await vault.close()
}, 20_000)

test('sells on while its database user is replaced, also by a slow Vault', async () => {
  vault.latency(200)
  await sellUntil(shop, once(shop.credentials, 'rotated'))
  vault.clear()
}, 20_000)

test('sells on while Vault is sealed for a moment', async () => {
  vault.seal()
  await sellUntil(shop, once(shop.credentials, 'renewFailed'))
  vault.clear()
  await sellUntil(shop, once(shop.credentials, 'rotated'))
}, 20_000)

test('says where its users came from', () => {
  const { role, accessor, status } = vault.requests.find((request) => request.role)
  expect({ role, status }).toEqual({ role: 'shop', status: 200 })
  expect(vault.state().tokens.map((token) => token.accessor)).toContain(accessor)
})
