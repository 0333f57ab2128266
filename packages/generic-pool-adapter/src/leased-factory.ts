import {
  aFunction,
  checkOptions,
  leasedPoolOptionRules,
  leasedPoolSettings,
  objectWith,
  describe,
  OptionError,
  type LeasedCredentials,
  type LeasedPoolOptions,
  type OptionRules,
} from '@leasepool/core'
import { createPool, type Factory, type Options, type Pool } from 'generic-pool'
import type { ConnectionFactory } from './connection-factory'
import { asksBeforeLending } from './generic-pool-members'
import { PoolUpgrade } from './pool-upgrade'

/** What can be set on a leased pool of any driver. What it takes statements for elsewhere is the factory's: `create` and `probe`. */
export type LeasedGenericPoolOptions = Omit<LeasedPoolOptions, 'assumeRole' | 'probeQuery'>

const { assumeRole: _, probeQuery: __, ...rules } = leasedPoolOptionRules
const leasedGenericPoolOptionRules: OptionRules<LeasedGenericPoolOptions> = rules

/** A factory for generic-pool whose connections log in with leased credentials. It serves one pool, which it has to be told. */
export interface LeasedFactory<T extends object> extends Factory<T> {
  validate(connection: T): Promise<boolean>
  /** Makes the pool that was made with this factory a leased one, and gives it back. Throws `OptionError`. */
  upgrade<P extends Pool<T>>(pool: P): P
}

/**
 * A pool of generic-pool whose database user changes under it, for any driver: in place of `genericPool.createPool(factory, options)`.
 *
 * Beyond what generic-pool promises: connections of a replaced user are closed when idle or on release and never lent again; sockets never
 * exceed `max`, whatever the reason for a new one; a connection idle for longer than `pingBypassMs` is checked with `validate` before it is
 * lent; who waits for a connection that cannot be made is told why. `drain()` and then `clear()` end the pool: every socket is closed then.
 * Throws `OptionError`.
 */
export function createLeasedPool<T extends object>(
  factory: ConnectionFactory<T>,
  options: Options,
  credentials: LeasedCredentials,
  leased: LeasedGenericPoolOptions = {},
): Pool<T> {
  const checksAlways = options.testOnBorrow === true
  const own = makeFactory('createLeasedPool', factory, credentials, leased, checksAlways)
  return own.upgrade(createPool<T>(own, { ...options, testOnBorrow: true }))
}

/**
 * For a pool that is made elsewhere, of a subclass, say: give it this factory and `testOnBorrow: true`, and tell the factory at once:
 * `const pool = factory.upgrade(new MyPool(factory))`. Throws `OptionError`.
 */
export function leasedFactory<T extends object>(
  factory: ConnectionFactory<T>,
  credentials: LeasedCredentials,
  leased: LeasedGenericPoolOptions = {},
): LeasedFactory<T> {
  return makeFactory('leasedFactory', factory, credentials, leased, false)
}

function makeFactory<T extends object>(
  where: string,
  factory: ConnectionFactory<T>,
  credentials: LeasedCredentials,
  leased: LeasedGenericPoolOptions,
  checksAlways: boolean,
): LeasedFactory<T> {
  checkOptions(where, leased, leasedGenericPoolOptionRules)
  checkFactory(where, factory, checksAlways)
  const settings = leasedPoolSettings(leased, 'generic-pool')
  let upgraded: PoolUpgrade<T> | undefined
  const upgrade = (): PoolUpgrade<T> => {
    if (upgraded === undefined)
      throw new OptionError(`${where}.upgrade`, 'to be called with the pool as soon as there is one', 'no call')
    return upgraded
  }
  let isDue = false
  return {
    create: () => {
      if (upgraded !== undefined || isDue) return upgrade().create() // what it throws, `acquire` does
      // A pool with a minimum begins while it is being made.
      return settings.clock.sleep(0).then(() => {
        isDue = true
        return upgrade().create()
      })
    },
    validate: async (connection) => upgrade().validate(connection),
    destroy: async (connection) => upgrade().destroy(connection),
    upgrade: (pool) => {
      if (upgraded !== undefined) throw new OptionError(`${where}.upgrade`, 'one pool', 'a second one')
      if (!asksBeforeLending(pool)) throw new OptionError(`${where}.testOnBorrow`, 'true', 'false')
      upgraded = new PoolUpgrade(pool, factory, credentials, { settings, checksAlways })
      return pool
    },
  }
}

function checkFactory(where: string, factory: unknown, checksAlways: boolean): void {
  const expected = objectWith('create', 'destroy')(factory)
  if (expected !== undefined) throw new OptionError(`${where}.factory`, expected, describe(factory))
  const methods = factory as Record<string, unknown>
  for (const name of ['validate', 'probe', 'watch', 'cancel']) {
    const wrong = methods[name] === undefined ? undefined : aFunction(methods[name])
    if (wrong !== undefined) throw new OptionError(`${where}.factory.${name}`, wrong, describe(methods[name]))
  }
  if (checksAlways && methods['validate'] === undefined) {
    throw new OptionError(`${where}.factory.validate`, 'a function, because of testOnBorrow', 'undefined')
  }
}
