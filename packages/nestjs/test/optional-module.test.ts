import Module from 'node:module'
import { afterEach, expect, test } from 'vitest'
import { optionalModule } from '../src/optional-module'

type Resolve = (request: string, ...rest: unknown[]) => string
const node = Module as unknown as { _resolveFilename: Resolve }
const stock = node._resolveFilename
afterEach(() => void (node._resolveFilename = stock))

/** What `_resolveFilename` throws for a package, as a package manager or Node has it. */
function failing(name: string, message: string, code: string): void {
  node._resolveFilename = (request, ...rest) => {
    if (request === name) throw Object.assign(new Error(message), { code })
    return stock(request, ...rest)
  }
}

test('a package that is there', () => {
  expect(optionalModule('@nestjs/event-emitter')).toHaveProperty('EventEmitter2')
})

test.for([
  ["Cannot find module '@nestjs/event-emitter'"],
  ["@leasepool/nestjs tried to access @nestjs/event-emitter (a peer dependency) but it isn't provided by your application"], // Yarn's Plug'n'Play
])('a package that is not: %s', ([message]) => {
  failing('@nestjs/event-emitter', message!, 'MODULE_NOT_FOUND')
  expect(optionalModule('@nestjs/event-emitter')).toBeUndefined()
})

test('what else there is to say of a package is said', () => {
  failing('@nestjs/event-emitter', 'No "exports" main defined', 'ERR_PACKAGE_PATH_NOT_EXPORTED')
  expect(() => optionalModule('@nestjs/event-emitter')).toThrow('No "exports" main defined')
})
