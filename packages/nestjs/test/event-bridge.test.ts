import 'reflect-metadata'
import { LeasedCredentials, type LeasedCredentialsEvents } from '@leasepool/core'
import {
  LeasepoolModule,
  type LeasepoolEvent,
  type LeasepoolForRootOptions,
  type LeasepoolLog,
  type LeasepoolOptions,
} from '@leasepool/nestjs'
import { Injectable, Logger } from '@nestjs/common'
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter'
import { Test } from '@nestjs/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { EVENT_NAMES, eventLine } from '../src/event-lines'
import { MemorySource } from './support/source'
import { appOf } from './support/testing'

class Lines implements LeasepoolLog {
  readonly all: string[] = []
  readonly #take =
    (level: string) =>
    (message: string, context?: string): number =>
      this.all.push([level, context, message].filter(Boolean).join(' '))
  readonly error = this.#take('error')
  readonly warn = this.#take('warn')
  readonly log = this.#take('log')
  readonly debug = this.#take('debug')
  readonly verbose = this.#take('verbose')
}

const rotated = async (options: Partial<LeasepoolOptions>): Promise<LeasedCredentials> => {
  const app = await appOf({ imports: [LeasepoolModule.forRoot({ source: new MemorySource(), ...options } as LeasepoolOptions)] })
  const credentials = app.get(LeasedCredentials)
  await credentials.rotate()
  return credentials
}

describe('the log', () => {
  afterEach(() => Logger.overrideLogger(false))

  test('goes to the logger of the app, with the name of the credentials', async () => {
    const lines = new Lines()
    const imports = [LeasepoolModule.forRoot({ name: 'orders', source: new MemorySource() })]
    const app = await Test.createTestingModule({ imports }).setLogger(lines).compile()
    await app.close()
    const ours = lines.all.filter((line) => line.includes('Leasepool:orders'))
    expect(ours).toEqual([
      'log Leasepool:orders Generation 1 serves, user user-1 from memory',
      expect.stringMatching(/^debug Leasepool:orders Generation 1 drained after [\d.]+ s \(idle\)$/),
      'debug Leasepool:orders Generation 1 given back',
      expect.stringMatching(/^log Leasepool:orders Closed after [\d.]+ s$/),
    ])
  })

  test('goes to the logger that is given', async () => {
    const lines = new Lines()
    await rotated({ log: lines })
    expect(lines.all).toContainEqual(
      expect.stringMatching(/^log Rotated from generation 1 to 2 in \d+ ms \(manual\), user user-2$/),
    )
    expect(lines.all.join()).not.toContain('Password')
  })

  test('a logger without debug() hears the rest', async () => {
    const lines: string[] = []
    const take = (message: string): number => lines.push(message)
    await rotated({ log: { error: take, warn: take, log: take } })
    expect(lines).toHaveLength(2)
  })

  test('ends with the app, where the credentials outlive it', async () => {
    const credentials = await LeasedCredentials.start(new MemorySource())
    const lines = new Lines()
    const imports = [LeasepoolModule.forRoot({ credentials, log: lines, closeOnShutdown: false })]
    for (let apps = 1; apps <= 3; apps++) {
      const app = await appOf({ imports })
      expect(credentials.listenerCount('rotated')).toBe(1)
      await app.close()
    }
    for (const name of EVENT_NAMES) expect(credentials.listenerCount(name), name).toBe(0)
    await credentials.rotate()
    expect(lines.all.filter((line) => line.includes('Rotated'))).toEqual([])
    await credentials.close()
  })

  test('can be turned off', async () => {
    const lines = new Lines()
    Logger.overrideLogger(lines)
    await rotated({ log: false })
    expect(lines.all.filter((line) => line.includes('Leasepool'))).toEqual([])
  })

  test('what fails is a warning, what stops queries an error', () => {
    const cause = new Error('because')
    const level = <K extends keyof LeasedCredentialsEvents>(name: K, event: Partial<LeasedCredentialsEvents[K][0]>): string =>
      eventLine(name, { cause, ...event })[0]
    expect(level('renewFailed', {})).toBe('warn')
    expect(level('rotationFailed', {})).toBe('warn')
    expect(level('rotated', {})).toBe('log')
    expect(level('renewed', {})).toBe('debug')
    expect(level('loginsPaused', {})).toBe('error')
    expect(level('tokenSpent', { canLogIn: true })).toBe('debug')
    expect(level('tokenSpent', { canLogIn: false })).toBe('warn')
    const health = (to: 'healthy' | 'degraded' | 'down'): string => level('healthChanged', { to, reasons: [] })
    expect([health('healthy'), health('degraded'), health('down')]).toEqual(['log', 'warn', 'error'])
    expect(eventLine('renewFailed', { generation: 3, attempt: 1, retryInMs: 1_500, cause })).toEqual([
      'warn',
      'Generation 3 could not be renewed, again in 1.5 s: because',
    ])
  })

  test('each event has one line, whatever is missing', () => {
    for (const name of EVENT_NAMES) {
      expect(eventLine(name, { reasons: [] })[1], name).toMatch(/^[A-Z\dun][^\n]+$/)
    }
  })
})

describe('@nestjs/event-emitter', () => {
  @Injectable()
  class Listener {
    readonly heard: LeasepoolEvent<'rotated'>[] = []

    @OnEvent('leasepool.rotated')
    onRotated(event: LeasepoolEvent<'rotated'>): void {
      this.heard.push(event)
    }
  }
  const heard = async (options: Partial<LeasepoolOptions>, before: boolean): Promise<Listener['heard']> => {
    const credentials = LeasepoolModule.forRoot({
      name: 'orders',
      source: new MemorySource(),
      log: false,
      ...options,
    } as LeasepoolForRootOptions)
    const emitter = EventEmitterModule.forRoot()
    const app = await appOf({ imports: before ? [credentials, emitter] : [emitter, credentials], providers: [Listener] })
    await app.get<LeasedCredentials>('leasepool:credentials:orders').rotate()
    return app.get(Listener).heard
  }

  test.for([true, false])('tells listeners, imported first: %s', async (before) => {
    expect(await heard({}, before)).toEqual([
      { credentials: 'orders', from: 1, to: 2, username: 'user-2', reason: 'manual', tookMs: expect.any(Number) as number },
    ])
  })

  test('can be turned off', async () => {
    expect(await heard({ events: false }, true)).toEqual([])
  })

  test('need not be imported', async () => {
    expect((await rotated({ log: false })).generation).toBe(2)
  })
})
