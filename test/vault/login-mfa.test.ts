import { vaultCredentials, type VaultAuth } from '@leasepool/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWithVault } from '../support/describe-with-vault'
import { startRealVault } from '../support/real-vault'
import { vaultApi, type VaultApi } from '../support/vault-api'
import type { VaultServer } from '../support/vault-server'

/** Logins that want a second factor. dev-vault has none. */
describeWithVault('login MFA', () => {
  let vault: VaultServer
  let api: VaultApi
  beforeAll(async () => {
    vault = await startRealVault()
    api = vaultApi(vault.address, vault.rootToken)
    await api('POST', 'sys/auth/userpass', { type: 'userpass' })
    await api('POST', 'auth/userpass/users/amy', { password: 'a-long-password' })
    const { data } = (await api('POST', 'identity/mfa/method/totp', { issuer: 'leasepool' })) as { data: { method_id: string } }
    const enforced = { mfa_method_ids: [data.method_id], auth_method_types: ['userpass'] }
    await api('POST', 'identity/mfa/login-enforcement/all', enforced)
  })
  afterAll(() => vault.close())

  test.each<[string, VaultAuth]>([
    ['userpass', { method: 'userpass', username: 'amy', password: 'a-long-password' }],
    ['a function', { login: (client) => client.write('auth/userpass/login/amy', { password: 'a-long-password' }) }],
  ])('is refused at once, by name: %s', async (_, auth) => {
    const error = vaultCredentials({ address: vault.address, role: 'app', auth })
    await expect(error).rejects.toMatchObject({ code: 'ERR_VAULT_LOGIN', reason: 'mfa-required', retryable: false })
  })
})
