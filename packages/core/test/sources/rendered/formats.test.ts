import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { MalformedText } from '../../../src/sources/rendered/malformed'
import { RENDERED_FORMATS, textParser, type RenderedFormat } from '../../../src/sources/rendered/formats'

const parse = (format: RenderedFormat, text: string): Record<string, unknown> => ({ ...textParser('test', format)(text) })

describe('env', () => {
  it.each([
    ['A=b', { A: 'b' }],
    ['export A=b\r\nB=c\r\n', { A: 'b', B: 'c' }],
    ['  A = b  # said so', { A: 'b' }],
    ['# A=b\n\nB=', { B: '' }],
    ['A=pa#ss=word', { A: 'pa#ss=word' }],
    ['A= # nothing', { A: '' }],
    [`A='it is $HOME \\n "so"'`, { A: 'it is $HOME \\n "so"' }],
    ['A="a \\"b\\" \\\\ \\$c\\n\\x"  # end', { A: 'a "b" \\ $c\n\\x' }],
    ['spring.datasource.password=x', { 'spring.datasource.password': 'x' }],
    ['A=1\nA=2', { A: '2' }],
  ])('%j', (text, expected) => expect(parse('env', text)).toEqual(expected))

  it.each(['A', 'A="b', "A='b", 'A="b"c', '=b', '1A=b', 'A="b\\"', '{"A":"b"}'])('not %j', (text) =>
    expect(() => parse('env', text)).toThrow(MalformedText),
  )
})

describe('properties', () => {
  it.each([
    ['a=b', { a: 'b' }],
    ['a : b', { a: 'b' }],
    ['a b', { a: 'b' }],
    ['  a=b  ', { a: 'b  ' }],
    ['# a=b\n! c=d\n\ne=', { e: '' }],
    ['a=b\\\n   c', { a: 'bc' }],
    ['a=b\\\\\nc=d', { a: 'b\\', c: 'd' }],
    ['a\\=b\\ c=d', { 'a=b c': 'd' }],
    ['a=\\u0041\\t\\q', { a: 'A\tq' }],
    ['spring.datasource.password=x=y#z', { 'spring.datasource.password': 'x=y#z' }],
    ['a', { a: '' }],
  ])('%j', (text, expected) => expect(parse('properties', text)).toEqual(expected))

  it.each(['a=\\u00', 'a=b\\', 'a=\\u12g4'])('not %j', (text) => expect(() => parse('properties', text)).toThrow(MalformedText))
})

describe('json and yaml', () => {
  it.each(['', '[]', 'null', '"a"', '{"a":"b"', '{"a":"b"}}'])('not the JSON %j', (text) =>
    expect(() => parse('json', text)).toThrow(MalformedText),
  )

  it('keeps what a YAML mapping says as texts', () => {
    const text = '# by an agent\nusername: app\npassword: 0123\nother: no\nlong: >-\n  a\n  b\nquoted: "a: #b"\n'
    expect(parse('yaml', text)).toEqual({ username: 'app', password: '0123', other: 'no', long: 'a b', quoted: 'a: #b' })
  })

  it.each(['', '- a', 'a', 'a: "b', 'a: b\nc', 'a: b\n---\na: c', 'a: *b', 'a: b\na: c'])('not the YAML %j', (text) =>
    expect(() => parse('yaml', text)).toThrow(MalformedText),
  )
})

const key = fc.stringMatching(/^[A-Za-z_]\w{0,8}$/).filter((name) => name !== '__proto__')
const value = fc.string({ unit: 'grapheme', maxLength: 40 })
const writers: Record<Exclude<RenderedFormat, 'folder'>, (values: [string, string][]) => string> = {
  env: (values) => values.map(([k, v]) => `${k}="${v.replace(/[\\"$`]/g, '\\$&').replace(/\n/g, '\\n').replace(/\r/g, '\\r')}"`).join('\n'),
  properties: (values) =>
    values.map(([k, v]) => `${k}=${v.replace(/[^A-Za-z0-9]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}`).join('\n'),
  json: (values) => JSON.stringify(Object.fromEntries(values)),
  yaml: (values) => stringify(Object.fromEntries(values), { defaultStringType: 'QUOTE_DOUBLE' }),
} // prettier-ignore

describe('any text', () => {
  it.each(Object.entries(writers))('%s gives back what was written', (format, write) => {
    const login = fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(login, (values) => {
        expect(parse(format as RenderedFormat, write(values))).toEqual(Object.fromEntries(values))
      }),
    )
  })

  it('JSON that is cut anywhere is never taken', () => {
    fc.assert(
      fc.property(value, value, fc.nat(), (username, password, cut) => {
        const text = JSON.stringify({ username, password })
        expect(() => parse('json', text.slice(0, cut % text.length))).toThrow(MalformedText)
      }),
    )
  })

  it.each(RENDERED_FORMATS)('%s: is taken, or refused without being quoted', (format) => {
    const junk = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('"', "'", '{', ':', '=', '\\', '\\u', '\n', '- ', '&a ', '*a', '!!js ')),
    )
    fc.assert(
      fc.property(junk, (parts) => {
        try {
          parse(format, `${parts.join('')}hunter2`)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedText)
          expect(String(error)).not.toContain('hunter2')
        }
      }),
    )
  })
})
