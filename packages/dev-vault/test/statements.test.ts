import { expect, it } from 'vitest'
import { databasePassword, POSTGRES_USERNAMES } from '../src/database/names'
import { expirationText, fillStatement, splitStatements } from '../src/database/statements'

it.each([
  [
    ['a; b;', ' c '],
    ['a', 'b', 'c'],
  ],
  [[`SELECT ';'`], [`SELECT '`, `'`]],
  [['DO $$ BEGIN a; b; END $$; x'], ['DO $$ BEGIN a; b; END $$; x']],
  [[`SELECT 'END'; b`], [`SELECT 'END'`, 'b']],
  [['["a;b", "c"]'], ['a;b', 'c']],
  [[Buffer.from('a; bcd ').toString('base64')], ['a', 'bcd']],
  [[';;'], []],
])('splits %j into %j', (elements, expected) => expect(splitStatements(elements)).toEqual(expected))

it('replaces placeholders as plain text and leaves others alone', () => {
  const values = { username: '$&u', password: '$1', expiration: 'e' }
  expect(fillStatement('{{name}} {{username}} {{password}} {{expiration}} {{other}}', values)).toBe('$&u $&u $1 e {{other}}')
  expect(fillStatement('{{password}}', { username: 'u' })).toBe('{{password}}')
  expect(expirationText(1_767_225_600_900)).toBe('2026-01-01 00:00:00+0000')
})

it('names users as Vault does, and never longer than PostgreSQL allows', () => {
  expect(POSTGRES_USERNAMES.make('approle', 'readonly-long', 1_767_225_600_999, 3)).toMatch(
    /^v-approle-readonly-[A-Za-z0-9]{20}-1767225600$/,
  )
  expect(POSTGRES_USERNAMES.make('a'.repeat(99), 'b'.repeat(99), Date.now(), 3).length).toBeLessThanOrEqual(63)
})

it('makes passwords of 20 characters with every class', () => {
  const passwords = Array.from({ length: 200 }, () => databasePassword())
  for (const password of passwords) {
    expect(password).toMatch(/^[a-zA-Z0-9-]{20}$/)
    for (const characters of [/[a-z]/, /[A-Z]/, /[0-9]/, /-/]) expect(password).toMatch(characters)
  }
  expect(new Set(passwords).size).toBe(200)
})
