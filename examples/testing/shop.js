const { vaultCredentials } = require('@leasepool/core')
const { LeasedPool } = require('@leasepool/pg-adapter')

/** The app that is tested: a shop that counts what it sold, with a database user from Vault. */
exports.openShop = async function openShop({ vault, roleId, secretId, database }) {
  const auth = { method: 'approle', roleId, secretId }
  const credentials = await vaultCredentials({ address: vault, auth, role: 'shop' })
  const pool = new LeasedPool({ ...database, max: 3 }, credentials)
  return {
    credentials,
    sell: () => pool.query('UPDATE item SET sold = sold + 1'),
    sold: async () => (await pool.query('SELECT sold FROM item')).rows[0].sold,
    async close() {
      await pool.end()
      await credentials.close()
    },
  }
}
