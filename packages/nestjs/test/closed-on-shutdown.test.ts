import 'reflect-metadata'
import { LeasedCredentials } from '@leasepool/core'
import { leasedPool } from '@leasepool/mysql2-adapter'
import { closedOnShutdown, getCredentialsToken, LeasepoolModule } from '@leasepool/nestjs'
import { createPool, type Pool } from 'mysql2/promise'
import { describe, expect, test } from 'vitest'
import { startServer } from '../../../test/contract/server'
import { UserSource } from '../../../test/support/user-source'
import { MemorySource } from './support/source'
import { appOf } from './support/testing'

describe('what a factory provides', () => {
  test('is closed when the app is, before the credentials, and after a hook of its own', async () => {
    const ended: string[] = []
    const source = new MemorySource()
    const own = { onApplicationShutdown: (signal?: string) => ended.push(`own ${signal}`) }
    const aFunction = (): undefined => undefined // as Knex is one
    const app = await appOf({
      imports: [LeasepoolModule.forRoot({ source, log: false })],
      providers: [
        { provide: 'OWN', useFactory: () => closedOnShutdown(own, (it) => ended.push(it === own ? 'closed' : 'another')) },
        {
          provide: 'FUNCTION',
          useFactory: () => closedOnShutdown(aFunction, () => ended.push(`function, revoked ${source.revoked.length}`)),
        },
      ],
    })
    expect(app.get('OWN')).toBe(own)
    expect(Object.keys(app.get<object>('FUNCTION'))).toEqual([])
    await app.close()
    expect(ended.toSorted()).toEqual(['closed', 'function, revoked 0', 'own undefined'])
    expect(ended.indexOf('own undefined')).toBeLessThan(ended.indexOf('closed'))
    expect(source.revoked).toEqual(['user-1'])
  })

  test('is closed once, however many providers give it and however often the app is closed', async () => {
    let ends = 0
    const pool = {
      end: () => ((ends += 1) === 1 ? Promise.resolve() : Promise.reject(new Error('Called end on pool more than once'))), // as pg
    }
    const app = await appOf({
      providers: [
        { provide: 'POOL', useFactory: () => closedOnShutdown(pool, (it) => it.end()) },
        { provide: 'SAME', inject: ['POOL'], useFactory: (it: object) => it },
      ],
    })
    await app.close()
    await app.close()
    expect(ends).toBe(1)
  })

  test.for([
    [undefined, () => undefined, 'Option "closedOnShutdown.provided": expected a pool or another object, got undefined'],
    [{}, 'close', 'Option "closedOnShutdown.close": expected a function, got a string of 5 characters'],
  ] as const)('%o with %o is refused', ([provided, close, text]) => {
    expect(() => closedOnShutdown(provided as never, close as never)).toThrow(text)
  })

  test('may be a pool of mysql2', async () => {
    const server = await startServer('mariadb')
    const source = new UserSource(server)
    const { host, port, database } = server
    const app = await appOf({
      imports: [LeasepoolModule.forRoot({ source, log: false })],
      providers: [
        {
          provide: 'POOL',
          inject: [getCredentialsToken()],
          useFactory: (credentials: LeasedCredentials) =>
            closedOnShutdown(leasedPool(createPool({ host, port, database }), credentials), (pool) => pool.end()),
        },
      ],
    })
    const pool = app.get<Pool>('POOL')
    await pool.query('SELECT 1')
    await app.get(LeasedCredentials).rotate()
    const asked = pool.query('SELECT SLEEP(0.1), 7 AS seven')
    await app.close()
    expect(await asked).toMatchObject([[{ seven: 7 }], {}])
    expect((await server.users()).filter((user) => user.startsWith(source.prefix))).toEqual([])
    await server.stop()
  })
})
