import type { LeasedCredentials } from '@leasepool/core'
import {
  Module,
  type DynamicModule,
  type FactoryProvider,
  type OnModuleDestroy,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common'
import { ModuleRef, ModulesContainer } from '@nestjs/core'
import { CredentialsRegistry } from './credentials-registry'
import { EventBridge } from './event-bridge'
import { LeasepoolHealthIndicator } from './health-indicator'
import {
  asyncOptionsOf,
  checkedOptions,
  isHandle,
  placementOf,
  type CheckedOptions,
  type LeasepoolAsyncOptions,
  type LeasepoolForRootOptions,
  type LeasepoolOptions,
  type LeasepoolOptionsFactory,
} from './options'
import { startCredentials } from './start-credentials'
import { getCredentialsToken } from './tokens'

type Given = LeasepoolOptions | LeasedCredentials

/**
 * Starts leased credentials with the app, for `@InjectCredentials()` and `getCredentialsToken()`, tells of them through Nest's logger and
 * `@nestjs/event-emitter`, and closes them when the app has shut down and every other module has. Import it once for each name.
 */
@Module({})
export class LeasepoolModule {
  /** With options that are known when the app is written. Throws `OptionError`; what Vault needs is checked when the app starts. */
  static forRoot(options: LeasepoolForRootOptions): DynamicModule {
    const { name, isGlobal, rest } = placementOf(options)
    checkedOptions(name, rest)
    const given = givenToken(name)
    return moduleOf(name, isGlobal, [{ provide: given, useFactory: () => rest }])
  }

  /** With options that are made from what Nest provides, such as a `ConfigService`. Throws `OptionError`. */
  static forRootAsync(options: LeasepoolAsyncOptions): DynamicModule {
    const { name, isGlobal, imports = [] } = asyncOptionsOf(options)
    return { ...moduleOf(name, isGlobal, givenProviders(name, options)), imports: [...imports] }
  }
}

const givenToken = (name: string): string => `leasepool:given:${name}`
const optionsToken = (name: string): string => `leasepool:options:${name}`
const keeperToken = (name: string): string => `leasepool:keeper:${name}`

function givenProviders(name: string, options: LeasepoolAsyncOptions): Provider[] {
  const { useFactory, inject = [], useClass, useExisting } = options
  if (useFactory !== undefined) {
    return [{ provide: givenToken(name), useFactory: useFactory as FactoryProvider['useFactory'], inject: [...inject] }]
  }
  const maker = useExisting ?? useClass!
  const given: Provider = {
    provide: givenToken(name),
    useFactory: (factory: LeasepoolOptionsFactory) => factory.createLeasepoolOptions(name),
    inject: [maker],
  }
  return useClass === undefined ? [given] : [{ provide: useClass, useClass }, given]
}

function moduleOf(name: string, isGlobal: boolean, given: Provider[]): DynamicModule {
  const credentials = getCredentialsToken(name)
  const providers: Provider[] = [
    ...given,
    {
      provide: optionsToken(name),
      useFactory: (made: Given, container: ModulesContainer): CheckedOptions => {
        CredentialsRegistry.of(container).reserve(name)
        return checkedOptions(name, made)
      },
      inject: [givenToken(name), ModulesContainer],
    },
    {
      provide: credentials,
      useFactory: (options: CheckedOptions) => startCredentials(name, options),
      inject: [optionsToken(name)],
    },
    {
      provide: keeperToken(name),
      useFactory: (handle: LeasedCredentials, options: CheckedOptions, container: ModulesContainer, moduleRef: ModuleRef) =>
        new Keeper(name, handle, options, container, moduleRef),
      inject: [credentials, optionsToken(name), ModulesContainer, ModuleRef],
    },
    {
      provide: LeasepoolHealthIndicator,
      useFactory: (container: ModulesContainer) => new LeasepoolHealthIndicator(CredentialsRegistry.of(container)),
      inject: [ModulesContainer],
    },
  ]
  return { module: LeasepoolModule, global: isGlobal, providers, exports: [credentials, LeasepoolHealthIndicator] }
}

/** Apart from what starts the credentials: a test may put others in their place. */
class Keeper implements OnModuleInit, OnModuleDestroy {
  readonly #bridge: EventBridge | undefined
  readonly #registry: CredentialsRegistry

  constructor(
    name: string,
    credentials: LeasedCredentials,
    { settings, start }: CheckedOptions,
    container: ModulesContainer,
    moduleRef: ModuleRef,
  ) {
    this.#registry = CredentialsRegistry.of(container)
    if (!isHandle(credentials)) return
    this.#registry.add(name, credentials)
    const vault = 'vault' in start ? start.vault : undefined
    if (settings.closeOnShutdown) this.#registry.closesLast(credentials, vault)
    else this.#registry.keeps(vault)
    const bridge = new EventBridge(name, credentials, settings, moduleRef)
    this.#bridge = bridge
    this.#registry.atEnd(() => bridge.end())
  }

  onModuleInit(): void {
    this.#bridge?.findEmitter()
  }

  /** Of every module before the last hook of any, also in an app that was never initialized, as tests have them. */
  onModuleDestroy(): void {
    this.#registry.closeLast()
  }
}
