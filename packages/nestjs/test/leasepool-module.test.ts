import 'reflect-metadata'
import { fixedCredentials, LeasedCredentials, OptionError, vaultClient, type Vault } from '@leasepool/core'
import {
  getCredentialsToken,
  InjectCredentials,
  LeasepoolHealthIndicator,
  LeasepoolModule,
  type LeasepoolOptions,
} from '@leasepool/nestjs'
import { Inject, Injectable, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Test } from '@nestjs/testing'
import { describe, expect, test } from 'vitest'
import { MemorySource } from './support/source'
import { appOf } from './support/testing'

@Injectable()
class Shop {
  constructor(
    @InjectCredentials() readonly credentials: LeasedCredentials,
    @InjectCredentials('orders') readonly orders: LeasedCredentials,
  ) {}
}

@Module({ providers: [Shop], exports: [Shop] })
class ShopModule {}

@Injectable()
class ByType {
  constructor(@Inject(LeasedCredentials) readonly credentials: LeasedCredentials) {}
}

@Module({ providers: [ByType] })
class ByTypeModule {}

const quiet = (): LeasepoolOptions => ({ source: new MemorySource(), log: false })
const login = { username: 'app', password: 'not-a-secret' }

describe('forRoot', () => {
  test('gives each module of the app the credentials of a name', async () => {
    const app = await appOf({
      imports: [LeasepoolModule.forRoot(quiet()), LeasepoolModule.forRoot({ name: 'orders', ...quiet() }), ShopModule],
    })
    const shop = app.get(Shop)
    expect(shop.credentials).toBeInstanceOf(LeasedCredentials)
    expect(shop.credentials.current().username).toBe('user-1')
    expect(shop.orders).not.toBe(shop.credentials)
    expect(app.get(getCredentialsToken())).toBe(shop.credentials)
    expect(app.get(getCredentialsToken('orders'))).toBe(shop.orders)
  })

  test('gives them by their type', async () => {
    const app = await appOf({ imports: [LeasepoolModule.forRoot(quiet())], providers: [ByType] })
    expect(app.get(ByType).credentials).toBe(app.get(LeasedCredentials))
  })

  test('without isGlobal they are for modules that import it', async () => {
    const orders = LeasepoolModule.forRoot({ name: 'orders', isGlobal: false, ...quiet() })
    const imports = [LeasepoolModule.forRoot(quiet()), orders]
    await expect(appOf({ imports: [...imports, ShopModule] })).rejects.toThrow(/leasepool:credentials:orders/)
    const app = await appOf({ imports, providers: [Shop] })
    expect(app.get(Shop).orders.generation).toBe(1)
  })

  test('takes a handle, and what starts one', async () => {
    const ready = await fixedCredentials(login)
    const app = await appOf({
      imports: [
        LeasepoolModule.forRoot({ credentials: ready, log: false }),
        LeasepoolModule.forRoot({ name: 'orders', credentials: () => fixedCredentials(login), log: false }),
      ],
      providers: [Shop],
    })
    expect(app.get(Shop).credentials).toBe(ready)
    expect(app.get(Shop).orders.current().username).toBe('app')
  })

  test('a handle from outside can be closed when the app does not start', async () => {
    const source = new MemorySource()
    const credentials = await LeasedCredentials.start(source)
    const failing = { provide: 'FAILING', useFactory: () => Promise.reject(new Error('no such table')) }
    @Module({ imports: [LeasepoolModule.forRoot({ credentials, log: false })], providers: [failing] })
    class AppModule {}
    const start = NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false })
    await expect(start).rejects.toThrow('no such table')
    expect(source.revoked).toEqual([])
    await credentials.close()
    expect(source.revoked).toEqual(['user-1'])
  })

  test('can be all of an app without a server', async () => {
    const source = new MemorySource()
    const module = LeasepoolModule.forRoot({ source, log: false })
    const app = await NestFactory.createApplicationContext(module as never, { logger: false, abortOnError: false })
    expect(app.get(LeasedCredentials).generation).toBe(1)
    await app.close()
    await app.close()
    expect(source.revoked).toEqual(['user-1'])
  })

  test('closes a client of Vault that two modules share, once, after their credentials', async () => {
    const ended: string[] = []
    const vault = {
      credentials: async ({ role }: { role: string }) => {
        const credentials = await fixedCredentials({ ...login, username: role })
        return credentials.on('closed', () => ended.push(role))
      },
      close: () => Promise.resolve(ended.push('vault')),
    } as unknown as Vault
    const app = await appOf({
      imports: [
        LeasepoolModule.forRoot({ vault, role: 'app', log: false }),
        LeasepoolModule.forRoot({ name: 'orders', vault, role: 'orders', log: false }),
      ],
    })
    await app.close()
    expect(ended).toEqual(['app', 'orders', 'vault'])
  })

  test('closes no client of Vault whose credentials outlive the app', async () => {
    const ended: string[] = []
    const made: LeasedCredentials[] = []
    const vault = {
      credentials: async ({ role }: { role: string }) => {
        const credentials = await fixedCredentials({ ...login, username: role })
        made.push(credentials)
        return credentials.on('closed', () => ended.push(role))
      },
      // As that of core.
      close: () => Promise.all(made.map((credentials) => credentials.close())),
    } as unknown as Vault
    const app = await appOf({
      imports: [
        LeasepoolModule.forRoot({ vault, role: 'app', log: false }),
        LeasepoolModule.forRoot({ name: 'kept', vault, role: 'kept', log: false, closeOnShutdown: false }),
      ],
    })
    const kept = app.get<LeasedCredentials>(getCredentialsToken('kept'))
    await app.close()
    expect(ended).toEqual(['app'])
    expect(kept.status().state).toBe('serving')
    await kept.close()
  })

  test('an option that is undefined is as one that is not given', async () => {
    const source = new MemorySource()
    const unset = { name: undefined, isGlobal: undefined, log: undefined, events: undefined, closeOnShutdown: undefined }
    const app = await appOf({ imports: [LeasepoolModule.forRoot({ source, ...unset } as never), ByTypeModule] }) // which can inject them: they are global
    await expect(app.get(LeasepoolHealthIndicator).isHealthy('it')).resolves.toMatchObject({ it: { status: 'up' } })
    await app.close()
    expect(source.revoked).toEqual(['user-1'])
  })

  test('what Vault refuses fails the start', async () => {
    const vault = {
      address: 'http://127.0.0.1:9',
      role: 'app',
      auth: { method: 'token', token: 't' },
      startTimeoutMs: 50,
    } as const
    await expect(appOf({ imports: [LeasepoolModule.forRoot({ ...vault, log: false })] })).rejects.toMatchObject({
      code: 'ERR_START_TIMEOUT',
    })
  })

  test('a test can put other credentials in their place, and nothing is started', async () => {
    const source = new MemorySource()
    source.failure = new Error('this was started')
    const fake = await fixedCredentials(login)
    const app = await Test.createTestingModule({ imports: [LeasepoolModule.forRoot({ source, log: false })] })
      .overrideProvider(getCredentialsToken())
      .useValue(fake)
      .compile()
    expect(app.get(LeasedCredentials)).toBe(fake)
    await app.init()
    await app.close()
    expect(fake.status().state).toBe('closed')
  })

  test('a test can put anything in their place', async () => {
    const app = await Test.createTestingModule({ imports: [LeasepoolModule.forRoot(quiet())] })
      .overrideProvider(getCredentialsToken())
      .useValue({})
      .compile()
    await app.init()
    await app.close()
  })
})

describe('forRootAsync', () => {
  @Injectable()
  class Settings {
    readonly source = new MemorySource()

    createLeasepoolOptions(name: string): LeasepoolOptions {
      asked.push(name)
      return { source: this.source, log: false }
    }
  }
  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}
  const asked: string[] = []

  test.for([
    ['useFactory that makes options', { inject: [Settings], useFactory: ({ source }: Settings) => ({ source, log: false }) }],
    [
      'useFactory that starts credentials',
      { inject: [Settings], useFactory: ({ source }: Settings) => LeasedCredentials.start(source) },
    ],
    ['useExisting', { useExisting: Settings }],
  ] as const)('%s', async ([, how]) => {
    const app = await appOf({ imports: [LeasepoolModule.forRootAsync({ imports: [SettingsModule], ...how })] })
    const { revoked } = app.get(Settings, { strict: false }).source
    expect(app.get<LeasedCredentials>(getCredentialsToken()).current().username).toBe('user-1')
    await app.close()
    expect(revoked).toEqual(['user-1'])
  })

  test('useClass, which hears the name', async () => {
    asked.length = 0
    const app = await appOf({ imports: [LeasepoolModule.forRootAsync({ name: 'orders', useClass: Settings })] })
    expect(app.get<LeasedCredentials>(getCredentialsToken('orders')).generation).toBe(1)
    expect(asked).toEqual(['orders'])
  })
})

describe('wrong options', () => {
  const misspelt = { rol: 'app', auth: { method: 'token', token: 't' }, address: 'http://127.0.0.1:9' }
  const made = (options: unknown) => LeasepoolModule.forRootAsync({ useFactory: () => options as LeasepoolOptions })

  test.for([
    [undefined, 'LeasepoolModule.forRoot', 'expected an object of options, got undefined'],
    [{ name: '' }, 'LeasepoolModule.name', 'expected a non-empty string, got an empty string'],
    [{ isGlobal: 'yes' }, 'LeasepoolModule.isGlobal', 'expected true or false, got a string of 3 characters'],
    [
      { log: 'warn' },
      'LeasepoolModule.log',
      'expected true, false, or a logger with error(), warn() and log(), got a string of 4 characters',
    ],
    [{ events: 1 }, 'LeasepoolModule.events', 'expected true or false, got 1'],
    [{ name: 'orders', closeOnShutdown: 0 }, 'LeasepoolModule[orders].closeOnShutdown', 'expected true or false, got 0'],
  ] as const)('%o is refused at once', ([options, option, text]) => {
    const wrong = (): unknown => LeasepoolModule.forRoot(options as never)
    expect(wrong).toThrow(OptionError)
    expect(wrong).toThrow(`Option "${option}": ${text}`)
  })

  test.for([
    [undefined, 'Option "LeasepoolModule": expected an object of options, got undefined'],
    [{}, 'Option "LeasepoolModule.forRootAsync": expected one of useFactory, useClass and useExisting, got none of them'],
    [
      { useFactory: () => undefined, useClass: Shop },
      'Option "LeasepoolModule.forRootAsync": expected one of useFactory, useClass and useExisting, got useFactory and useClass',
    ],
    [{ useFactry: () => undefined }, 'Option "LeasepoolModule.useFactry": expected "useFactory", got an unknown name'],
    [{ useFactory: 'x' }, 'Option "LeasepoolModule.useFactory": expected a function, got a string of 1 characters'],
    [{ inject: {} }, 'Option "LeasepoolModule.inject": expected an array, got an object with keys (none)'],
  ] as const)('async %o is refused at once', ([options, text]) => {
    expect(() => LeasepoolModule.forRootAsync(options as never)).toThrow(text)
  })

  test.for([
    [LeasepoolModule.forRoot(misspelt as never), 'Option "LeasepoolModule.rol": expected "role", got an unknown name'],
    [
      LeasepoolModule.forRoot({ name: 'a', source: {} } as never),
      'Option "LeasepoolModule[a].source": expected an object with issue(), got an object with keys (none)',
    ],
    [
      LeasepoolModule.forRoot({ source: new MemorySource(), rotateFraction: 2 }),
      'Option "LeasepoolModule.rotateFraction": expected a number above 0 and below 1, got 2',
    ],
    [
      LeasepoolModule.forRoot({ vault: {}, role: 'app' } as never),
      'Option "LeasepoolModule.vault": expected an object with credentials() and close(), got an object with keys (none)',
    ],
    [
      LeasepoolModule.forRoot({
        vault: vaultClient({ address: 'http://127.0.0.1:9', auth: { method: 'token', token: 't' } }),
        rol: 'app',
      } as never),
      'Option "LeasepoolModule.rol": expected "role", got an unknown name',
    ],
    [
      LeasepoolModule.forRoot({ credentials: 'x' } as never),
      'Option "LeasepoolModule.credentials": expected LeasedCredentials, or a function that starts them, got a string of 1 characters',
    ],
    [
      LeasepoolModule.forRoot({ credentials: () => 7 } as never),
      'Option "LeasepoolModule.credentials": expected a function that starts LeasedCredentials, got one that gave 7',
    ],
    [
      LeasepoolModule.forRoot({ credentials: () => fixedCredentials(login), role: 'app' } as never),
      'Option "LeasepoolModule.role": expected one of credentials, got an unknown name',
    ],
    [made(undefined), 'Option "LeasepoolModule": expected an object of options, or LeasedCredentials, got undefined'],
    [
      made({ name: 'a', role: 'app' }),
      'Option "LeasepoolModule.name": expected to be beside useFactory, useClass or useExisting, got it from what they made',
    ],
  ] as const)('%# is refused when the app starts', async ([module, text]) => {
    await expect(appOf({ imports: [module] })).rejects.toThrow(new OptionError(...partsOf(text)))
  })

  test('a name that two modules have', async () => {
    const imports = [LeasepoolModule.forRoot({ name: 'a', ...quiet() }), LeasepoolModule.forRoot({ name: 'a', ...quiet() })]
    await expect(appOf({ imports })).rejects.toThrow(
      'Option "LeasepoolModule[a].name": expected one that no other LeasepoolModule of the app has, got "a" twice',
    )
  })
})

/** Not called: that it compiles is the test. */
export function types(vault: Vault): void {
  LeasepoolModule.forRoot({ role: 'app', isGlobal: false, log: false })
  LeasepoolModule.forRoot({ vault, role: 'app' })
  // @ts-expect-error a name that is misspelt
  LeasepoolModule.forRoot({ role: 'app', isGlobl: false })
  // @ts-expect-error no role
  LeasepoolModule.forRoot({ address: 'https://vault.internal:8200' })
  // @ts-expect-error what says how to reach Vault is said to the client
  LeasepoolModule.forRoot({ vault, role: 'app', address: 'https://vault.internal:8200' })
  // @ts-expect-error the factory makes something else
  LeasepoolModule.forRootAsync({ useFactory: () => 7 })
  LeasepoolModule.forRootAsync({
    inject: [Shop],
    useFactory: ({ credentials }: Shop) => ({ credentials, log: false }),
  })
}

function partsOf(text: string): [string, string, string] {
  const [, option, expected, received] = /^Option "(.*)": expected (.*), got (.*)$/.exec(text)!
  return [option!, expected!, received!]
}
