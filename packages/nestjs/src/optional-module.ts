import { createRequire } from 'node:module'

const load = createRequire(__filename)

/** A package that the app may have; `undefined` where it has not. */
export function optionalModule<T>(name: '@nestjs/event-emitter' | '@nestjs/terminus'): T | undefined {
  try {
    return load(name) as T
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    // Not what the package itself lacks.
    if (code === 'MODULE_NOT_FOUND' && message.startsWith(`Cannot find module '${name}'`)) return undefined
    throw error
  }
}
