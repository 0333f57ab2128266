import type { ModulesContainer } from '@nestjs/core'

/**
 * All that is used of Nest beyond its documented API. Looked at in @nestjs/core 10.4.22, 11.2.10 and 12.5.1:
 *
 * - `ModulesContainer` (exported) lists Nest's own module first and the app's root module second, as `calculateModulesDistance` relies on.
 * - `Module.instance`: the instance of a module's class. Its hooks are called after those of everything in the module.
 * - Hooks of shutdown are called one module after the other, those of version 10 from Nest's own module to the root, later ones the
 *   other way round.
 */
export interface NestModule {
  readonly instance: object
}

/** Nest's own module and the app's: the hooks of one of them are the last that are called, whatever the version. */
export function outermostModules(container: ModulesContainer): readonly NestModule[] {
  return [...container.values()].slice(0, 2)
}

/** What Nest calls on an instance, one after the other, when the app shuts down. */
export interface ShutdownHook {
  onApplicationShutdown?(signal?: string): unknown
}

/** Gives an instance a hook, to be called after the one it may have. */
export function addShutdownHook(instance: object, hook: (signal?: string) => unknown): void {
  const own = (instance as ShutdownHook).onApplicationShutdown
  Object.defineProperty(instance, 'onApplicationShutdown', {
    configurable: true,
    writable: true,
    value: async (signal?: string): Promise<void> => {
      try {
        await own?.call(instance, signal)
      } finally {
        await hook(signal)
      }
    },
  })
}
