const { startEmbeddedPostgres } = require('@leasepool/dev-vault')
const { once } = require('node:events')
const { after, before, test } = require('node:test')
const { sellUntil, settings, startVault } = require('./servers')
const { openShop } = require('./shop')

let postgres, url, vault

before(async () => {
  postgres = await startEmbeddedPostgres()
  url = await postgres.createDatabase('shop')
  vault = await startVault(url)
})

after(async () => {
  await vault.close()
  await postgres.stop()
})

void test('sells on while its database user is replaced, also by a slow Vault', async () => {
  const shop = await openShop(settings(vault, url))
  vault.latency(200)
  await sellUntil(shop, once(shop.credentials, 'rotated'))
  vault.clear()
  await shop.close()
})
