import { expect, it } from 'vitest'
import { checkBoundClaims, goText, type JwtRole } from '../../src/auth/jwt'

const bound = (boundClaims: Record<string, unknown>): JwtRole =>
  ({ boundClaims, boundClaimsType: 'string' }) as unknown as JwtRole

it('compares values with their type, and never a number in a list', () => {
  expect(() => checkBoundClaims({ n: 2, t: true }, bound({ n: [1, 2], t: true }))).not.toThrow()
  expect(() => checkBoundClaims({ n: '2' }, bound({ n: 2 }))).toThrow('does not match')
  expect(() => checkBoundClaims({ n: [2] }, bound({ n: 2 }))).toThrow('does not match')
  expect(() => checkBoundClaims({ a: ['x', 'y'] }, bound({ a: 'y' }))).not.toThrow()
})

it('prints values as Go does', () => {
  expect(goText({ b: [1, 'x'], a: { c: true } })).toBe('map[a:map[c:true] b:[1 x]]')
})
