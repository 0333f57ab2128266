import 'reflect-metadata'
import { LeasedCredentials } from '@leasepool/core'
import { LeasepoolHealthIndicator, LeasepoolModule } from '@leasepool/nestjs'
import { HealthCheckService, HealthIndicatorService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus'
import type { TestingModule } from '@nestjs/testing'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { dialectOf } from '../src/terminus'
import { MemorySource } from './support/source'
import { appOf } from './support/testing'

async function started(): Promise<{ app: TestingModule; source: MemorySource; credentials: LeasedCredentials }> {
  const source = new MemorySource()
  const app = await appOf({
    imports: [
      LeasepoolModule.forRoot({ source, log: false }),
      LeasepoolModule.forRoot({ name: 'orders', source: new MemorySource(), log: false }),
      TerminusModule.forRoot({ logger: false }),
    ],
  })
  return { app, source, credentials: app.get(LeasedCredentials) }
}

const check = (app: TestingModule, options?: object): Promise<HealthCheckResult> => {
  const indicator = app.get(LeasepoolHealthIndicator)
  return app.get(HealthCheckService).check([() => indicator.isHealthy('credentials', options)])
}
const failing = { type: 'sourceCheckFailed', event: { source: 'memory', attempt: 1, retryInMs: 1, cause: undefined } } as const

/** The database says that it knows no such user, and the source has no other one. */
async function nobodyCanLogIn(source: MemorySource, credentials: LeasedCredentials): Promise<void> {
  source.failure = new Error('no users today')
  await credentials.reportError(Object.assign(new Error('no'), { code: '28P01' }), credentials.generation)
}

describe('with Terminus 12', () => {
  test('is up while all is well, and says until when', async () => {
    const { app } = await started()
    const { status, details } = await check(app)
    expect(status).toBe('ok')
    expect(details).toEqual({
      credentials: {
        status: 'up',
        health: 'healthy',
        reasons: [],
        generation: 1,
        endsInSeconds: expect.closeTo(3_600, -1) as number,
        endsBecause: 'lease',
      },
    })
    expect(JSON.stringify(details)).not.toMatch(/user-1|Password/)
  })

  test('is degraded while something fails, and up again', async () => {
    const { app, source, credentials } = await started()
    source.host!.report(failing)
    expect(await check(app)).toMatchObject({
      status: 'degraded',
      details: { credentials: { status: 'degraded', health: 'degraded', reasons: ['source-failing'] } },
    })
    expect(await check(app, { name: 'orders' })).toMatchObject({ status: 'ok' })
    await credentials.rotate()
    expect(await check(app)).toMatchObject({ status: 'ok', details: { credentials: { status: 'up', generation: 2 } } })
  })

  test.for([
    ['up', 'ok'],
    ['down', 'error'],
  ] as const)('degraded is shown as %s when told to', async ([degradedAs, status]) => {
    const { app, source } = await started()
    source.host!.report(failing)
    const shown = await check(app, { degradedAs }).catch((error: { response: unknown }) => error.response)
    expect(shown).toMatchObject({ status, details: { credentials: { status: degradedAs, health: 'degraded' } } })
  })

  test('is down when nobody can log in, and when closed', async () => {
    const { app, source, credentials } = await started()
    await nobodyCanLogIn(source, credentials)
    const down = { credentials: { status: 'down', health: 'down', reasons: ['login-refused', 'rotation-failing'] } }
    await expect(check(app)).rejects.toMatchObject({ status: 503, response: { status: 'error', error: down } })
    const closed = once(credentials, 'closed')
    void credentials.close()
    await closed
    await expect(check(app)).rejects.toMatchObject({ response: { error: { credentials: { health: 'closed' } } } })
  })

  test.for([
    [{ name: 'ordres' }, 'Option "isHealthy.name": expected one of "default", "orders", got a string of 6 characters'],
    [{ degradedAs: 'bad' }, 'Option "isHealthy.degradedAs": expected "up", "degraded" or "down", got a string of 3 characters'],
    [{ nmae: 'orders' }, 'Option "isHealthy.nmae": expected "name", got an unknown name'],
  ] as const)('%o is refused', async ([options, text]) => {
    const { app } = await started()
    await expect(app.get(LeasepoolHealthIndicator).isHealthy('credentials', options as never)).rejects.toThrow(text)
  })
})

describe('the dialect', () => {
  class HealthCheckError extends Error {
    constructor(
      message: string,
      readonly causes: object,
    ) {
      super(message)
    }
  }
  const session = { up: () => undefined, down: () => undefined }

  test('of Terminus 10: what is down is thrown', () => {
    const { hasDegraded, downError } = dialectOf({ HealthCheckError })
    expect(hasDegraded).toBe(false)
    expect(downError('down', { a: 1 })).toMatchObject({ message: 'down', causes: { a: 1 } })
  })

  test('of Terminus 11: neither thrown nor degraded', () => {
    const dialect = dialectOf({ HealthCheckError, HealthIndicatorService: class { check = () => session } }) // prettier-ignore
    expect(dialect.hasDegraded).toBe(false)
    expect(dialect.downError('down', {})).toBeUndefined()
  })

  test('of Terminus 12, and without any: degraded', () => {
    expect(dialectOf({ HealthIndicatorService } as never).hasDegraded).toBe(true)
    expect(dialectOf(undefined)).toMatchObject({ hasDegraded: true })
  })
})
