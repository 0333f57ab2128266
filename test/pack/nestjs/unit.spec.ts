import 'reflect-metadata'
import { LeasedCredentials, type CredentialSource, type SourceHost } from '@leasepool/core'
import {
  getCredentialsToken,
  InjectCredentials,
  LeasepoolHealthIndicator,
  LeasepoolModule,
  type LeasepoolEvent,
} from '@leasepool/nestjs'
import { Injectable } from '@nestjs/common'
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter'
import { HealthCheckService, TerminusModule } from '@nestjs/terminus'
import { Test, type TestingModule } from '@nestjs/testing'

// An app's own tests, for Jest and for Vitest, with what both have. `DEGRADED` is what this Terminus calls it.
declare const describe: (name: string, define: () => void) => void
declare const it: (name: string, run: () => Promise<void>) => void
declare const expect: (value: unknown) => {
  toBe(value: unknown): void
  toEqual(value: unknown): void
  toMatchObject(value: object): void
}

@Injectable()
class Shop {
  readonly heard: LeasepoolEvent<'rotated'>[] = []

  constructor(@InjectCredentials('shop') readonly credentials: LeasedCredentials) {}

  @OnEvent('leasepool.rotated')
  onRotated(event: LeasepoolEvent<'rotated'>): void {
    this.heard.push(event)
  }
}

class Users implements CredentialSource {
  readonly description = 'users'
  host: SourceHost | undefined
  number = 0
  failure: Error | undefined
  isClosed = false

  open(host: SourceHost): Promise<void> {
    this.host = host
    return Promise.resolve()
  }

  issue(): Promise<{ username: string; password: string }> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    return Promise.resolve({ username: `user-${(this.number += 1)}`, password: 'not-a-secret' })
  }

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

async function shop(): Promise<{
  module: TestingModule
  users: Users
  shop: Shop
  check(): Promise<{ status: string; details: object }>
}> {
  const users = new Users()
  const module = await Test.createTestingModule({
    imports: [
      TerminusModule.forRoot({ logger: false }),
      LeasepoolModule.forRootAsync({ name: 'shop', useFactory: () => ({ source: users, log: false }) }),
      EventEmitterModule.forRoot(),
    ],
    providers: [Shop],
  }).compile()
  await module.init()
  const indicator = module.get(LeasepoolHealthIndicator)
  const check = (): Promise<{ status: string; details: object }> =>
    module
      .get(HealthCheckService)
      .check([() => indicator.isHealthy('credentials', { name: 'shop' })])
      .catch((error: { response: object }) => error.response) as Promise<{ status: string; details: object }>
  return { module, users, shop: module.get(Shop), check }
}

describe('a testing module', () => {
  it('injects credentials, tells of a rotation, and closes', async () => {
    const { module, users, shop: it } = await shop()
    expect(it.credentials.current().username).toBe('user-1')
    await it.credentials.rotate()
    expect(it.heard.map(({ credentials, from, to }) => ({ credentials, from, to }))).toEqual([
      { credentials: 'shop', from: 1, to: 2 },
    ])
    await module.close()
    expect(users.isClosed).toBe(true)
  })

  it('says how healthy they are', async () => {
    const { module, users, shop: it, check } = await shop()
    expect(await check()).toMatchObject({ status: 'ok', details: { credentials: { status: 'up', health: 'healthy' } } })
    users.host!.report({ type: 'sourceCheckFailed', event: { source: 'users', attempt: 1, retryInMs: 1, cause: undefined } })
    const status = process.env['DEGRADED']
    expect(await check()).toMatchObject({
      status: status === 'up' ? 'ok' : status,
      details: { credentials: { status, health: 'degraded', reasons: ['source-failing'] } },
    })
    users.failure = new Error('no users today')
    await it.credentials.reportError(Object.assign(new Error('no'), { code: '28P01' }), it.credentials.generation)
    expect(await check()).toMatchObject({ status: 'error', error: { credentials: { status: 'down', health: 'down' } } })
    await module.close()
  })

  it('closes though it was never initialized', async () => {
    const users = new Users()
    const module = await Test.createTestingModule({ imports: [LeasepoolModule.forRoot({ source: users, log: false })] }).compile()
    expect(module.get<LeasedCredentials>(getCredentialsToken()).generation).toBe(1)
    await module.close()
    expect(users.isClosed).toBe(true)
  })
})
