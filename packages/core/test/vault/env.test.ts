import { describe, expect, it } from 'vitest'
import { isTrue, vaultEnv } from '../../src/vault/env'

describe('vaultEnv', () => {
  it.each([
    [{ VAULT_ADDR: 'a', BAO_ADDR: 'b' }, 'a'],
    [{ BAO_ADDR: 'b' }, 'b'],
    [{ VAULT_ADDR: '', BAO_ADDR: 'b' }, 'b'],
    [{ VAULT_ADDR: '' }, undefined],
    [{}, undefined],
  ])('reads %o as %s', (env, value) => expect(vaultEnv('ADDR', env)).toBe(value))
})

describe('isTrue', () => {
  it.each(['1', 't', 'T', 'true', 'TRUE', 'True'])('%s is true', (value) => expect(isTrue(value)).toBe(true))
  it.each(['0', 'f', 'false', 'FALSE', '', 'yes', 'tRUE', undefined])('%s is false', (value) => expect(isTrue(value)).toBe(false))
})
