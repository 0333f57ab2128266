import 'reflect-metadata'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestBed, type TestBed } from '../../../test/support/app'
import { endAmidRequests } from '../../../test/pack/nestjs/shutdown-app'
import { expectOrder } from './support/shutdown-order'

let bed: TestBed
beforeAll(async () => void (bed = await startTestBed({ defaultTtl: '60s', maxTtl: '120s' })))
afterAll(() => bed.stop())

describe('app.close() in the middle of requests', () => {
  test.for(['first', 'last'] as const)('ends pools, then credentials; their module is imported %s', async (imported) => {
    const { host, port } = bed.database
    const auth = { method: 'approle', mount: 'apps', ...bed.login } as const
    const vault = { address: bed.vault.address, auth, mount: 'app-db', role: 'app' }
    const { log, statuses } = await endAmidRequests({ database: { host, port, database: 'app' }, vault, imported }, 6)
    expectOrder({ log, statuses }, 6)
    expect(await bed.database.users()).toEqual([])
    expect(await bed.database.sessions()).toEqual([])
  })
})
