import { expect, it } from 'vitest'
import { LeasedCredentials } from '../../src/leased-credentials'
import { vaultClient } from '../../src/vault-client'
import { fakeVault, goodVault } from '../support/fake-vault'

it('Vault’s ids of its requests are in the events, for its audit log', async () => {
  const vault = await fakeVault(goodVault({ tokenTtl: 1, leaseTtl: 1 }).answer)
  const client = vaultClient({ address: vault.address, auth: { method: 'approle', roleId: 'role', secretId: 'the-secret-id' } })
  const source = client.dynamicRole({ role: 'app' })
  const ids: Record<string, unknown> = {}
  // The first login and credential come before anybody can listen: what the source reports is listened to here.
  const { open } = source
  source.open = (host, signal) => {
    const report: typeof host.report = (one) => {
      if ('requestId' in one.event) ids[one.type] = one.event.requestId
      host.report(one)
    }
    return open!.call(source, { ...host, report }, signal)
  }
  const credentials = await LeasedCredentials.start(source)
  credentials.on('issued', ({ requestId }) => (ids['issued'] = requestId))
  const renewed = new Promise<void>((resolve) => {
    credentials.on('renewed', ({ requestId }) => {
      ids['renewed'] = requestId
      resolve()
    })
  })
  const tokenRenewed = new Promise((resolve) => credentials.once('tokenRenewed', resolve))
  await credentials.rotate()
  await renewed
  await tokenRenewed
  await credentials.close()
  await client.close()
  await vault.close()
  expect(Object.keys(ids).toSorted()).toEqual(['issued', 'loggedIn', 'renewed', 'tokenRenewed'])
  for (const id of Object.values(ids)) expect(id).toMatch(/^request-\d+$/)
  expect(new Set(Object.values(ids)).size).toBe(4)
})
