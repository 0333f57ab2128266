import { LeasedCredentials, fixedLogin } from '@leasepool/core'
import { afterEach, expect, test } from 'vitest'
import { OptionError } from '../../packages/core/src/errors'
import { forget, leaks } from '../support/canary'

/** The canary that sits in every test of the run must sing, or it shows nothing. */
const SECRET = 'canary-secret-0123456789'
afterEach(() => forget(SECRET))

const parsed = (): unknown => JSON.parse(`{"data":{"list":[{"password":"${SECRET}"}]}}`)

test.each<[string, string, () => unknown]>([
  ['an error, in its text', 'OptionError', () => new OptionError(SECRET, 'x', 'y')],
  [
    'an error, in a hidden field',
    'OptionError',
    () => Object.defineProperty(new OptionError('a', 'b', 'c'), 'hidden', { value: SECRET }),
  ],
  ['the console', 'console.info', () => console.info('a line with %s in it', SECRET)],
  [
    'an event',
    'event closed',
    async () => {
      const credentials = await LeasedCredentials.start(fixedLogin({ username: 'u', password: 'p' }))
      credentials.emit('closed', { waitedMs: 1, text: `path/${SECRET}` } as never)
      await credentials.close()
    },
  ],
  [
    'status()',
    'status()',
    async () => {
      const source = {
        ...fixedLogin({ username: 'u', password: 'p' }),
        description: `a source with ${SECRET}`,
        issue: () => Promise.resolve({ username: 'u', password: 'p' }),
      }
      const credentials = await LeasedCredentials.start(source)
      credentials.status()
      await credentials.close()
    },
  ],
  [
    'the diagnostic report',
    'the diagnostic report',
    () => {
      process.env['LEASEPOOL_CANARY'] = SECRET
      leaks()
      delete process.env['LEASEPOOL_CANARY']
    },
  ],
])('what is said by %s is found', async (_, where, say) => {
  parsed()
  await say()
  expect(leaks().get(SECRET)).toBe(where)
})
