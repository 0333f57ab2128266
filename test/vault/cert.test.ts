import { vaultCredentials } from '@leasepool/core'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../../packages/core/test/support/certificates'
import { logEvents } from '../support/app'
import { startDatabase, type TestDatabase } from '../support/database'
import { describeWithVault } from '../support/describe-with-vault'
import { poll } from '../support/poll'
import { freePort, startRealVault } from '../support/real-vault'
import { setUpVault, vaultApi, type VaultApi } from '../support/vault-api'
import type { VaultServer } from '../support/vault-server'

/** Logins by client certificate. dev-vault has none. */
describeWithVault('a client certificate', () => {
  let root: string
  let own: Pem
  let app: Pem
  let stranger: Pem
  let database: TestDatabase
  let vault: VaultServer
  let api: VaultApi
  let address: string
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'leasepool-cert-'))
    const folder = { path: (name: string): string => join(root, name) }
    ;[own, app, stranger] = ['vault', 'app', 'stranger'].map((name) => selfSigned(folder, name)) as [Pem, Pem, Pem]
    const port = await freePort()
    address = `https://127.0.0.1:${port}`
    const files = `tls_cert_file = "${folder.path('vault.pem')}"\n  tls_key_file = "${folder.path('vault-key.pem')}"`
    writeFileSync(folder.path('tls.hcl'), `listener "tcp" {\n  address = "127.0.0.1:${port}"\n  ${files}\n}\n`)
    database = await startDatabase()
    vault = await startRealVault([`-config=${folder.path('tls.hcl')}`])
    api = vaultApi(vault.address, vault.rootToken)
    await setUpVault(api, { postgresUrl: database.url, defaultTtl: '20s', maxTtl: '1m' })
    await api('POST', 'sys/auth/cert', { type: 'cert' })
    await api('POST', 'auth/cert/certs/app', {
      certificate: app.cert,
      token_policies: 'app',
      token_ttl: '2s',
      token_max_ttl: '1h',
    })
  })
  afterAll(async () => {
    await vault.close()
    await database.stop()
    rmSync(root, { recursive: true, force: true })
  })

  const start = (pem: Pem, more: object = {}) =>
    vaultCredentials({ address, ca: own.cert, mount: 'app-db', role: 'app', auth: { method: 'cert', ...pem, ...more } })

  test('logs in, renews its token over the same kind of connection, and gives all back', async () => {
    const credentials = await start(app, { name: 'app' })
    const log = logEvents(credentials)
    await poll(
      'the token is renewed twice',
      () => log.of('tokenRenewed').length,
      (count) => count >= 2,
    )
    expect(log.of('tokenRenewFailed')).toEqual([])
    expect(await database.users()).toEqual([credentials.current().username])
    await credentials.close()
    expect(await database.users()).toEqual([])
  })

  test('that Vault does not know is refused', async () => {
    await expect(start(stranger)).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED', status: 400, path: 'auth/cert/login' })
    await expect(start(app, { name: 'other' })).rejects.toMatchObject({ code: 'ERR_VAULT_REFUSED' })
  })
})

type Pem = ReturnType<typeof selfSigned>
