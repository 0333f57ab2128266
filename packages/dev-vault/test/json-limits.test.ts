import fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonProblem } from '../src/http/json-limits'

const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
const keys = (count: number): string => JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1])))
const list = (count: number): string => JSON.stringify({ a: Array.from({ length: count }, () => 1) })
const text = (bytes: number): string => JSON.stringify({ a: 'y'.repeat(bytes) })

// Every pair was measured on Vault 1.21.0.
it.each([
  ['{', 'malformed JSON, unclosed containers'],
  ['{"paths":"sys"', 'malformed JSON, unclosed containers'],
  ['[1', 'malformed JSON, unclosed containers'],
  ['{"a":}', "invalid character '}' after object key"],
  ['{"a":1}}', "invalid character '}' after top-level value"],
  ['{"a":1}x', "invalid character 'x' after top-level value"],
  ['{"a":1} {"b":2}', "invalid character '{' after top-level value"],
  ['{"paths":"sys", }', "invalid character '}' after object key-value pair"],
  ['{"a":1,,}', "invalid character '}' after object key-value pair"],
  ['{"a":"x', 'malformed JSON, unclosed string'],
  ['{"a":"\\q"}', "invalid character 'q' in string escape code"],
  ['{a:1}', "invalid character 'a' looking for beginning of value"],
  ["{'a':1}", "invalid character ''' looking for beginning of value"],
  ['{"paths":["x"],"paths":["y"]}', "duplicate key 'paths' in object"],
  ['{"paths":["x"],"b":{"c":1,"c":2}}', "duplicate key 'c' in object"],
  [nested(301), 'JSON input exceeds allowed nesting depth'],
  [text(2 ** 20 + 1), 'JSON string value exceeds allowed length'],
  [keys(10_001), 'JSON object exceeds allowed entry count'],
  [list(10_001), 'JSON array exceeds allowed element count'],
  [`[${Array.from({ length: 200 }, () => `[${'1,'.repeat(8_999)}1]`).join()}]`, 'JSON payload exceeds allowed token count'],
  // passed on to what reads the body, or fine
  ['xx', undefined],
  ['"a"', undefined],
  [']', undefined],
  ['', undefined],
  ['{"a" 1}', undefined],
  ['{"a":tru}', undefined],
  ['[1]', undefined],
  [nested(300), undefined],
  [text(2 ** 20), undefined],
  [keys(10_000), undefined],
  [list(10_000), undefined],
])('%#: says of a body what Vault says', (body, problem) => {
  expect(jsonProblem(body)).toBe(problem)
})

it('finds nothing wrong with any JSON', () => {
  fc.assert(
    fc.property(fc.oneof(fc.object(), fc.array(fc.jsonValue())), fc.constantFrom(undefined, 2), (value, indent) => {
      expect(jsonProblem(JSON.stringify(value, null, indent))).toBe(undefined)
    }),
  )
})

it('takes a body of the largest size without exhausting the stack', () => {
  expect(jsonProblem(`{"a":"${'\\n'.repeat(2 ** 24 - 10)}"}`)).toBe('JSON string value exceeds allowed length')
  expect(jsonProblem(`{"a":"${'x'.repeat(2 ** 25 - 10)}`)).toBe('malformed JSON, unclosed string')
})
