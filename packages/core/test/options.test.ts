import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { OptionError } from '../src/errors'
import {
  checkOptions,
  describe as describeValue,
  fraction,
  httpUrl,
  milliseconds,
  nonEmptyString,
  objectWith,
  type OptionRules,
} from '../src/options'

interface Sample {
  readonly timeoutMs?: number
  readonly secret: string
}
const rules: OptionRules<Sample> = {
  timeoutMs: { check: milliseconds(1, 100) },
  secret: { check: nonEmptyString, required: true },
}
const SECRET = 'correct-horse-battery'

function refusal(options: unknown): OptionError {
  try {
    checkOptions<Sample>('sample', options, rules)
  } catch (error) {
    if (error instanceof OptionError) return error
    throw error
  }
  throw new Error('It was accepted')
}

describe('checkOptions', () => {
  it.each([{ secret: 'x' }, { secret: 'x', timeoutMs: 1 }, { secret: 'x', timeoutMs: undefined }])('accepts %o', (options) => {
    expect(() => checkOptions<Sample>('sample', options, rules)).not.toThrow()
  })

  it.each<[string, unknown, string]>([
    [
      'an unknown name',
      { secret: 'x', colour: 1 },
      'Option "sample.colour": expected one of timeoutMs, secret, got an unknown name',
    ],
    ['a mistyped name', { secret: 'x', timoutMs: 1 }, 'Option "sample.timoutMs": expected "timeoutMs", got an unknown name'],
    ['another case', { secret: 'x', timeoutMS: 1 }, 'Option "sample.timeoutMS": expected "timeoutMs", got an unknown name'],
    [
      'a wrong type',
      { secret: 'x', timeoutMs: '5' },
      'Option "sample.timeoutMs": expected a number of milliseconds from 1 to 100, got a string of 1 characters',
    ],
    [
      'out of range',
      { secret: 'x', timeoutMs: 101 },
      'Option "sample.timeoutMs": expected a number of milliseconds from 1 to 100, got 101',
    ],
    [
      'not a number',
      { secret: 'x', timeoutMs: NaN },
      'Option "sample.timeoutMs": expected a number of milliseconds from 1 to 100, got NaN',
    ],
    [
      'null',
      { secret: 'x', timeoutMs: null },
      'Option "sample.timeoutMs": expected a number of milliseconds from 1 to 100, got null',
    ],
    ['a missing one', {}, 'Option "sample.secret": expected a non-empty string, got undefined'],
    ['an empty one', { secret: '' }, 'Option "sample.secret": expected a non-empty string, got an empty string'],
    ['no object', 'text', 'Option "sample": expected an object of options, got a string of 4 characters'],
    ['an array', [], 'Option "sample": expected an object of options, got an array of 0'],
    ['nothing', undefined, 'Option "sample": expected an object of options, got undefined'],
  ])('refuses %s', (_, options, message) => {
    const error = refusal(options)
    expect(error.message).toBe(message)
    expect([error.code, error.name]).toEqual(['ERR_OPTION', 'OptionError'])
  })

  it.each<[string, unknown]>([
    ['in the wrong place', { secret: 'x', timeoutMs: SECRET }],
    ['instead of the object', SECRET],
    ['inside an object', { secret: { password: SECRET } }],
    ['in an array', { secret: [SECRET] }],
  ])('never shows a secret that was given %s', (_, options) => {
    expect(inspect(refusal(options), { showHidden: true, depth: Infinity })).not.toContain(SECRET)
  })
})

describe('checks', () => {
  it.each([0, 1, -0.1, 1.1, NaN, '0.5', undefined])('a fraction is not %s', (value) => expect(fraction(value)).toBeDefined())
  it('a fraction is 0.5', () => expect(fraction(0.5)).toBeUndefined())

  it.each(['vault:8200', 'ftp://vault', 'https://user:pass@vault', 'https://user@vault', '', 7])(
    'an address is not %s',
    (value) => expect(httpUrl(value)).toBeDefined(),
  )
  it.each(['http://127.0.0.1:8200', 'https://vault.internal/prefix'])('an address is %s', (value) =>
    expect(httpUrl(value)).toBeUndefined(),
  )

  it('an object has all its methods', () => {
    const check = objectWith('nowMs', 'sleep')
    expect(check({ nowMs: () => 0 })).toBe('an object with nowMs() and sleep()')
    expect(check(null)).toBeDefined()
    expect(check({ nowMs: () => 0, sleep: () => 0 })).toBeUndefined()
  })

  it.each<[unknown, string]>([
    [() => 0, 'a function'],
    [{ a: 1 }, 'an object with keys a'],
    [{}, 'an object with keys (none)'],
    [true, 'true'],
  ])('describes %s', (value, text) => expect(describeValue(value)).toBe(text))
})
