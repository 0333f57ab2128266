import {
  aFunction,
  checkOptions,
  describe,
  nonEmptyString,
  objectWith,
  OptionError,
  type CredentialSource,
  type LeasedCredentials,
  type LeasedCredentialsOptions,
  type OptionCheck,
  type OptionRules,
  type Vault,
  type VaultCredentialsOptions,
  type VaultRoleCredentialsOptions,
} from '@leasepool/core'
import type { DynamicModule, InjectionToken, OptionalFactoryDependency, Type } from '@nestjs/common'
import { DEFAULT_NAME } from './tokens'

/** Who is told what happens, one line each. Nest's `Logger` and every `LoggerService` is one. */
export interface LeasepoolLog {
  error(message: string, ...more: never[]): unknown
  warn(message: string, ...more: never[]): unknown
  log(message: string, ...more: never[]): unknown
  debug?(message: string, ...more: never[]): unknown
}

/** What can be set wherever the credentials come from. */
export interface LeasepoolModuleSettings {
  /** Whether what happens is told through Nest's logger, or the logger to tell instead. @default true */
  readonly log?: boolean | LeasepoolLog
  /** Whether events go to `@nestjs/event-emitter`, where the app has it, as `leasepool.rotated` and so on. @default true */
  readonly events?: boolean
  /** Whether the credentials are closed when the app has shut down: set it to `false` for a handle that outlives the app. @default true */
  readonly closeOnShutdown?: boolean
}

/**
 * Where the credentials come from: the options of core's `vaultCredentials`; those of a role and a `vaultClient` that several modules share, which is closed
 * after the credentials; a handle or what starts one; or a source.
 */
export type LeasepoolOptions = LeasepoolModuleSettings &
  (
    | (VaultCredentialsOptions & { readonly vault?: never; readonly credentials?: never; readonly source?: never })
    | (VaultRoleCredentialsOptions & { readonly vault: Vault })
    | { readonly credentials: LeasedCredentials | (() => LeasedCredentials | Promise<LeasedCredentials>) }
    | (LeasedCredentialsOptions & { readonly source: CredentialSource })
  )

interface Placement {
  /** How the credentials are called in `@InjectCredentials(name)` and `getCredentialsToken(name)`. @default 'default' */
  readonly name?: string
  /** Whether other modules may inject the credentials without importing this one, as with `TypeOrmModule.forRoot`. @default true */
  readonly isGlobal?: boolean
}

/** What `LeasepoolModule.forRoot` takes. */
export type LeasepoolForRootOptions = LeasepoolOptions & Placement

/** A class that makes the options. */
export interface LeasepoolOptionsFactory {
  createLeasepoolOptions(name: string): LeasepoolOptions | LeasedCredentials | Promise<LeasepoolOptions | LeasedCredentials>
}

/** What `LeasepoolModule.forRootAsync` takes: exactly one of `useFactory`, `useClass` and `useExisting`. */
export interface LeasepoolAsyncOptions extends Placement {
  readonly imports?: DynamicModule['imports']
  readonly inject?: readonly (InjectionToken | OptionalFactoryDependency)[]
  /** Makes the options, or starts the credentials itself; is called with what `inject` names. */
  readonly useFactory?: (
    ...injected: never[]
  ) => LeasepoolOptions | LeasedCredentials | Promise<LeasepoolOptions | LeasedCredentials>
  readonly useClass?: Type<LeasepoolOptionsFactory>
  readonly useExisting?: InjectionToken<LeasepoolOptionsFactory>
}

const boolean: OptionCheck = (value) => (typeof value === 'boolean' ? undefined : 'true or false')
const list: OptionCheck = (value) => (Array.isArray(value) ? undefined : 'an array')
const log: OptionCheck = (value) =>
  typeof value === 'boolean' || objectWith('error', 'warn', 'log')(value) === undefined
    ? undefined
    : 'true, false, or a logger with error(), warn() and log()'
const token: OptionCheck = (value) => (['function', 'string', 'symbol'].includes(typeof value) ? undefined : 'an injection token')

const placementRules: OptionRules<Placement> = { name: { check: nonEmptyString }, isGlobal: { check: boolean } }
/** Of {@link LeasepoolModuleSettings}. */
export const settingsRules: OptionRules<LeasepoolModuleSettings> = {
  log: { check: log },
  events: { check: boolean },
  closeOnShutdown: { check: boolean },
}
/** Of {@link LeasepoolAsyncOptions}. */
export const asyncRules: OptionRules<LeasepoolAsyncOptions> = {
  ...placementRules,
  imports: { check: list },
  inject: { check: list },
  useFactory: { check: aFunction },
  useClass: { check: aFunction },
  useExisting: { check: token },
}

const PLACEMENT = Object.keys(placementRules)
const SETTINGS = Object.keys(settingsRules)

/** How messages call the options of these credentials. */
export const whereOf = (name: string): string => (name === DEFAULT_NAME ? 'LeasepoolModule' : `LeasepoolModule[${name}]`)

/** `options` without and with those of `names`. */
function split(options: object, names: readonly string[]): [rest: object, named: object] {
  const part = (has: boolean): object =>
    Object.fromEntries(Object.entries(options).filter(([name]) => names.includes(name) === has))
  return [part(false), part(true)]
}

/** Throws `OptionError`. */
export function placementOf(options: LeasepoolForRootOptions): { name: string; isGlobal: boolean; rest: LeasepoolOptions } {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError('LeasepoolModule.forRoot', 'an object of options', describe(options))
  }
  const [rest, placement] = split(options, PLACEMENT) as [LeasepoolOptions, Placement]
  checkOptions('LeasepoolModule', placement, placementRules)
  return { ...placed(placement), rest }
}

/** Throws `OptionError`. */
export function asyncOptionsOf(options: LeasepoolAsyncOptions): LeasepoolAsyncOptions & { name: string; isGlobal: boolean } {
  checkOptions('LeasepoolModule', options, asyncRules)
  const ways = (['useFactory', 'useClass', 'useExisting'] as const).filter((way) => options[way] !== undefined)
  if (ways.length !== 1) {
    const came = ways.length === 0 ? 'none of them' : ways.join(' and ')
    throw new OptionError('LeasepoolModule.forRootAsync', 'one of useFactory, useClass and useExisting', came)
  }
  return { ...options, ...placed(options) }
}

/** `undefined` is as good as not given, here and below: it comes from a variable that is not set. */
function placed({ name = DEFAULT_NAME, isGlobal = true }: Placement): Required<Placement> {
  return { name, isGlobal }
}

/** What a module does, and what its credentials are started with. */
export interface CheckedOptions {
  readonly settings: Required<LeasepoolModuleSettings>
  readonly start: LeasepoolOptions
}

/** Of what the app gave or its factory made. Throws `OptionError`. */
export function checkedOptions(name: string, given: LeasepoolOptions | LeasedCredentials): CheckedOptions {
  const options = isHandle(given) ? { credentials: given } : given
  const where = whereOf(name)
  if (typeof options !== 'object' || options === null) {
    throw new OptionError(where, 'an object of options, or LeasedCredentials', describe(options))
  }
  for (const misplaced of PLACEMENT.filter((key) => Object.hasOwn(options, key))) {
    throw new OptionError(`${where}.${misplaced}`, 'to be beside useFactory, useClass or useExisting', 'it from what they made')
  }
  const [start, settings] = split(options, SETTINGS) as [LeasepoolOptions, LeasepoolModuleSettings]
  checkOptions(where, settings, settingsRules)
  const { log = true, events = true, closeOnShutdown = true } = settings
  return { settings: { log, events, closeOnShutdown }, start }
}

/** By what it does: the app may have a copy of core of its own. */
export function isHandle(value: unknown): value is LeasedCredentials {
  return objectWith('current', 'attach', 'status', 'on', 'off', 'close')(value) === undefined
}
