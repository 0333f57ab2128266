import { createRequire } from 'node:module'

const load = createRequire(__filename)

/** A package that the app may have; `undefined` where it has not. */
export function optionalModule<T>(name: '@nestjs/event-emitter' | '@nestjs/terminus'): T | undefined {
  try {
    load.resolve(name) // first, apart from what the package itself may lack
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined
    throw error
  }
  return load(name) as T
}
