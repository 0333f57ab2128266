import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Credential } from '../src/credential'

const PASSWORD = 'correct-horse-battery'
const credential = new Credential(3, 'v-app-1', PASSWORD)

describe('Credential', () => {
  it('gives generation, user name and password by name', () => {
    expect([credential.generation, credential.username, credential.password]).toEqual([3, 'v-app-1', PASSWORD])
  })

  it.each<[string, () => string]>([
    ['util.inspect', () => inspect(credential)],
    [
      'util.inspect with everything hidden shown',
      () => inspect(credential, { showHidden: true, depth: Infinity, getters: false }),
    ],
    ['util.inspect inside another object', () => inspect({ pool: [credential] }, { showHidden: true, depth: Infinity })],
    ['JSON', () => JSON.stringify({ credential })],
    ['a spread', () => JSON.stringify({ ...credential })],
    ['Object.entries', () => JSON.stringify(Object.entries(credential))],
    ['a structured clone', () => inspect(structuredClone(credential), { showHidden: true })],
    ['Object.assign', () => inspect(Object.assign({}, credential), { showHidden: true })],
    ['String', () => String(credential)],
  ])('keeps the password out of %s', (_, show) => {
    expect(show()).not.toContain(PASSWORD)
  })

  it('shows the user name, so that nothing above passes for being empty', () => {
    expect(inspect(credential)).toContain('v-app-1')
    expect(Object.keys(credential)).toEqual(['generation', 'username'])
  })

  it('cannot be changed', () => {
    expect(() => Object.assign(credential, { username: 'root' })).toThrow(TypeError)
    expect(() => Object.assign(credential, { password: 'mine' })).toThrow(TypeError)
    expect(credential.password).toBe(PASSWORD)
  })
})
