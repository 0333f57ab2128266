import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatDuration, parseDuration } from '../src/durations'
import { UsageError } from '../src/errors'

test.for([
  ['1s', 1],
  ['90s', 90],
  ['10m', 600],
  ['1h30m', 5_400],
  ['2d', 172_800],
  ['3650d', 315_360_000],
] as const)('%s is %i seconds', ([text, seconds]) => {
  expect(parseDuration('--ttl', text)).toBe(seconds)
})

test.for(['', '60', '0s', '1.5h', '-1m', '1w', '1 m', 'm', '1M', '3651d', '99999999999s', ' 1m'])(
  'refuses "%s", naming the option',
  (text) => {
    const message = `--max-ttl ${JSON.stringify(text)}: expected a duration with a unit, from 1s to 3650d, such as 90s, 10m or 1h30m`
    expect(() => parseDuration('--max-ttl', text)).toThrow(new UsageError('--max-ttl', message.split('expected ')[1]!, text))
    expect(() => parseDuration('--max-ttl', text)).toThrow(message)
  },
)

test('what is formatted parses to the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 315_360_000 }), (seconds) => {
      expect(parseDuration('--ttl', formatDuration(seconds))).toBe(seconds)
    }),
  )
  expect([0, 60, 90, 3_600, 86_399].map(formatDuration)).toEqual(['0s', '1m', '1m30s', '1h', '23h59m59s'])
})
