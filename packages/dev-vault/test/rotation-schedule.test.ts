import { expect, it } from 'vitest'
import { parseSchedule } from '../src/database/rotation-schedule'

const NOW = '2026-11-24T03:04:05.678Z' // a Tuesday

it.each([
  ['* * * * *', '2026-11-24T03:05:00.000Z'],
  ['*/15 * * * *', '2026-11-24T03:15:00.000Z'],
  ['0 0 * * *', '2026-11-25T00:00:00.000Z'],
  ['0 0 * * SUN', '2026-11-29T00:00:00.000Z'],
  ['30 4 1 jan ?', '2027-01-01T04:30:00.000Z'],
  ['0 0 13 * 5', '2026-11-27T00:00:00.000Z'],
  ['0-10/5,59 3 * * 1-5', '2026-11-24T03:05:00.000Z'],
  ['4 3 24 11 *', '2027-11-24T03:04:00.000Z'],
])('%s comes next at %s', (text, next) => {
  expect(new Date(parseSchedule(text).nextMs(Date.parse(NOW))).toISOString()).toBe(next)
})

it.each([
  ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
  ['0 * * * * *', 'expected exactly 5 fields, found 6: [0 * * * * *]'],
  ['61 * * * *', 'end of range (61) above maximum (59): 61'],
  ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
  ['* * * * 7', 'end of range (7) above maximum (6): 7'],
  ['5-3 * * * *', 'beginning of range (5) beyond end of range (3): 5-3'],
  ['*/0 * * * *', 'step of range should be a positive number: */0'],
  ['@daily', 'parser does not accept descriptors: @daily'],
  ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ['* * L * *', 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
  ['', 'empty spec string'],
])('refuses %j', (text, message) => expect(() => parseSchedule(text)).toThrow(message))
