const { startDevVault } = require('@leasepool/dev-vault')
const { Client } = require('pg')

/** A Vault whose role `shop` makes users for 4 s, 8 s at most: a rotation every four seconds. */
exports.startVault = async function startVault(postgresUrl) {
  await setUpDatabase(postgresUrl)
  return startDevVault({
    databases: { main: { url: postgresUrl } },
    roles: {
      shop: {
        database: 'main',
        creationStatements: [
          `CREATE ROLE "{{name}}" LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}'`,
          'GRANT SELECT, UPDATE ON item TO "{{name}}"',
        ],
        defaultTtlSeconds: 4,
        maxTtlSeconds: 8,
      },
    },
    appRoles: { shop: { policies: ['shop'] } },
    policies: { shop: { 'database/creds/shop': ['read'], 'sys/leases/revoke': ['update'] } },
  })
}

/** What `openShop` is configured with. */
exports.settings = function settings(vault, postgresUrl) {
  const { hostname, port, pathname } = new URL(postgresUrl)
  const database = { host: hostname, port: Number(port), database: pathname.slice(1) }
  return { vault: vault.address, ...vault.appRole('shop'), database }
}

/** Sells without a pause until `done` resolves; rejects if one sale fails. */
exports.sellUntil = async function sellUntil(shop, done) {
  let isDone = false
  const ended = done.finally(() => (isDone = true))
  while (!isDone) await shop.sell()
  await ended
}

async function setUpDatabase(url) {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('CREATE TABLE IF NOT EXISTS item (sold int); INSERT INTO item VALUES (0)')
  await client.end()
}
