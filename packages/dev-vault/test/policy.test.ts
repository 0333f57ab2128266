import { expect, it } from 'vitest'
import { type Capability, capabilitiesOn, patternMatches, type PolicyDocument } from '../src/policies/policy'
import { parsePolicy, policyText } from '../src/policies/policy-text'

it.each([
  ['a/b', 'a/b', true],
  ['a/b', 'a/b/c', false],
  ['a/*', 'a/b/c', true],
  ['a/*', 'a', false],
  ['a/b*', 'a/bc/d', true],
  ['a/+', 'a/b', true],
  ['a/+', 'a/', true],
  ['a/+', 'a/b/c', false],
  ['a/+/c', 'a/b/c', true],
  ['+/b*', 'x/by', true],
  ['*', 'anything/at/all', true],
])('%s covers %s: %s', (pattern, path, expected) => expect(patternMatches(pattern, path)).toBe(expected))

const document = (rules: Record<string, readonly Capability[]>): PolicyDocument =>
  Object.fromEntries(Object.entries(rules).map(([path, capabilities]) => [path, { capabilities }]))

const found = (path: string, ...policies: Record<string, readonly Capability[]>[]): string[] =>
  [...capabilitiesOn(path, policies.map(document))].sort()

it('lets only the most specific pattern count, and deny override', () => {
  const wide = { 'db/*': ['read', 'update'] } as const
  expect(found('db/x', wide, { 'db/x': ['list'] })).toEqual(['list'])
  expect(found('db/x', { 'db/+': ['read'] }, { 'db/x*': ['list'] })).toEqual(['list'])
  expect(found('db/x', wide, { 'db/*': ['deny'] })).toEqual([])
  expect(found('db/x', wide, { 'db/*': ['list'] })).toEqual(['list', 'read', 'update'])
  expect(found('other', wide)).toEqual([])
  expect(found('constructor', {})).toEqual([])
})

it('takes for a folder what is said of it without its slash', () => {
  expect(found('a/b/', { 'a/b': ['list'] })).toEqual(['list'])
  expect(found('a/b/', { 'a/+': ['list'] })).toEqual(['list'])
  expect(found('a/b/', { 'a/b/': ['read'], 'a/b': ['list'] })).toEqual(['read'])
})

it('reads policies as they are written', () => {
  const text = `# comment\npath "a/+" { capabilities = ["read", "list",] } // more\n/* and */ path "/b" {\n capabilities=["deny", "read"]\n}`
  expect(Object.entries(parsePolicy(text)).map(([path, rule]) => [path, rule.capabilities])).toEqual([
    ['a/+', ['read', 'list']],
    ['b', ['deny']],
  ])
  expect(parsePolicy('path "a" { policy = "write" }')['a']!.capabilities).toEqual(['create', 'read', 'update', 'delete', 'list'])
  expect(parsePolicy('{"path":{"a":{"capabilities":["read"]}}}')['a']!.capabilities).toEqual(['read'])
  expect(parsePolicy('path = { "a" = { capabilities = ["read"] } }')['a']!.capabilities).toEqual(['read'])
  expect(parsePolicy(policyText({ 'x/"y': ['read'] }))['x/"y']!.capabilities).toEqual(['read'])
})

it('reads parameters and bounds of wrapping', () => {
  const text = `path "a" {
    capabilities = ["update"]
    required_parameters = ["r"]
    allowed_parameters = { "X" = [], "y" = ["1", 2, true] }
    denied_parameters = { "z" = ["b*"] }
    min_wrapping_ttl = "1m"
    max_wrapping_ttl = 90
  }`
  expect(parsePolicy(text)['a']).toEqual({
    capabilities: ['update'],
    requiredParameters: ['r'],
    allowedParameters: { x: [], y: ['1', 2, true] },
    deniedParameters: { z: ['b*'] },
    minWrapSeconds: 60,
    maxWrapSeconds: 90,
  })
})

it.each([
  ['path "a" { capabilities = ["fly"] }', 'path "a": invalid capability "fly"'],
  ['path "a" { policy = "some" }', 'path "a": invalid policy "some"'],
  ['path "a/+*" { policy = "read" }', "invalid use of wildcards ('+*' is forbidden)"],
  ['path "a" { x = 1 }', 'path "a": invalid key "x"'],
  ['foo = 1', 'invalid key "foo"'],
  ['path "a" { capabilities = ["read"]', 'unexpected end of text'],
  ['nonsense', 'unexpected end of text'],
  ['path "a" { control_group = {} }', 'invalid key "control_group"'],
  ['path "a" { min_wrapping_ttl = "2h" max_wrapping_ttl = "1h" capabilities = [] }', 'cannot be less than'],
  ['path "a" @', 'illegal character'],
])('refuses %s', (text, problem) => expect(() => parsePolicy(text)).toThrow(problem))
