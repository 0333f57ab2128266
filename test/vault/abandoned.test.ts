import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestBed, type TestBed } from '../support/app'

/** On dev-vault (`npm test`) and on real Vault (`npm run test:vault`), which drops no user whose request was cut off at the wrong moment. */
let bed: TestBed
beforeAll(async () => {
  bed = await startTestBed({ defaultTtl: '5m', maxTtl: '1h' })
})
afterAll(() => bed.stop())

test('no user is left, in whatever moment of a rotation the credentials are closed', async () => {
  for (let afterMs = 0; afterMs < 20; afterMs += 0.5) {
    const credentials = await bed.credentials()
    const rotating = credentials.rotate().catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, Math.floor(afterMs)))
    await credentials.close()
    await rotating
    expect(await bed.database.users()).toEqual([])
  }
})

test('every user of a request that took longer than its time limit has a lease that ends it, unless it was given back', async () => {
  for (let requestTimeoutMs = 3; requestTimeoutMs < 13; requestTimeoutMs += 0.5) {
    const starting = bed.credentials({ requestTimeoutMs: Math.floor(requestTimeoutMs), startTimeoutMs: 300 })
    const credentials = await starting.catch(() => undefined)
    await credentials?.rotate().catch(() => undefined)
    await credentials?.close()
  }
  // With limits that short not even giving back gets an answer each time; what is left then is Vault's to end.
  const left = await bed.database.users()
  await bed.api('POST', 'sys/leases/revoke-prefix/app-db/creds/app', { sync: true })
  await expect.poll(() => bed.database.users(), { timeout: 20_000 }).toEqual([])
  expect(left.length).toBeLessThan(20)
})
