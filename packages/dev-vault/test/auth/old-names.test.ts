import { expect, it } from 'vitest'
import { describeOldNames, readOldNames, tidyPolicies } from '../../src/auth/old-names'
import { NO_TOKEN_PARAMETERS, readTokenParameters, type TokenParameters } from '../../src/auth/token-parameters'
import { Fields } from '../../src/http/fields'

function write(body: object, before = NO_TOKEN_PARAMETERS): TokenParameters {
  const fields = new Fields(body)
  return readOldNames(fields, ['policies', 'ttl'], readTokenParameters(fields, before))
}

it('shows a field under its old name as long as nobody writes the new one', () => {
  const old = write({ policies: 'B,a,b', ttl: 5 })
  expect(old).toMatchObject({ policies: ['a', 'b'], ttlSeconds: 5 })
  expect(describeOldNames(old)).toEqual({ policies: ['a', 'b'], ttl: 5 })
  const mixed = write({ token_ttl: 6 }, old)
  expect(mixed.ttlSeconds).toBe(6)
  expect(describeOldNames(mixed)).toEqual({ policies: ['a', 'b'] })
})

it('takes the new name if both come', () => {
  const both = write({ ttl: 5, token_ttl: 7 })
  expect(both.ttlSeconds).toBe(7)
  expect(describeOldNames(both)).toEqual({ ttl: 7 })
})

it('keeps policies of the new name as they were written', () => {
  expect(write({ token_policies: ['B', 'a', 'B'] }).policies).toEqual(['B', 'a', 'B'])
  expect(tidyPolicies([' B', 'a', 'b', ''])).toEqual(['a', 'b'])
})
