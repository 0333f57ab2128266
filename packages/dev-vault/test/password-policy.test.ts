import { expect, it } from 'vitest'
import { generatePassword, parsePasswordPolicy } from '../src/database/password-policy'

const POLICY = `
# comment
length = 12 // another
rule "charset" {
  charset = "abc"
  min-chars = 3
}
rule "charset" { charset = "XY\\"" }
/* and
   another */
rule "charset" {
  charset   = "é1"
  min-chars = 2
}`

it('makes passwords of the length, of the characters and with the minimum of every rule', () => {
  const policy = parsePasswordPolicy(POLICY)
  const passwords = Array.from({ length: 300 }, () => generatePassword(policy))
  for (const password of passwords) {
    expect(password).toMatch(/^[abcXY"é1]{12}$/)
    expect([...password].filter((character) => 'abc'.includes(character)).length).toBeGreaterThanOrEqual(3)
    expect([...password].filter((character) => 'é1'.includes(character)).length).toBeGreaterThanOrEqual(2)
  }
  expect(new Set(passwords.join('')).size).toBe(8)
})

it('takes the same as JSON', () => {
  const json = '{"length":5,"rule":[{"charset":[{"charset":"abc","min-chars":1}]},{"charset":{"charset":"de"}}]}'
  expect(parsePasswordPolicy(json)).toEqual({
    length: 5,
    rules: [
      { charset: ['a', 'b', 'c'], minChars: 1 },
      { charset: ['d', 'e'], minChars: 0 },
    ],
  })
})

it.each([
  ['length = 3\nrule "charset" { charset = "a" }', 'passwords must be between 4 and 100 characters'],
  ['length = 101\nrule "charset" { charset = "a" }', 'passwords must be between 4 and 100 characters'],
  ['length = 20', 'invalid password policy: 1 error occurred:\n\t* no charset specified\n\n'],
  ['rule "charset" { charset = "a" }', 'invalid password policy: 1 error occurred:\n\t* length must be > 0\n\n'],
  [
    'length = 20\nrule "charset" {\n charset = "a"\n min-chars = 30\n}',
    'invalid password policy: 1 error occurred:\n\t* specified rules require at least 30 characters but 20 is specified\n\n',
  ],
  [
    'length = 20\nrule "foo" { charset = "a" }',
    'invalid password policy: unable to parse rules: unable to parse rule foo: unrecognized rule type foo',
  ],
  ['length = 20\nrule "charset" { charset = "\\u0007" }', /non-printable character in charset/],
  ['length = 20 length = 21', /Each argument can only be defined once/],
  ['length = "x"\nrule "charset" { charset = "a" }', /'length' expected type 'int'/],
  ['length =\nrule {', /unable to decode/],
  ['length = 20 rule "charset" {', /unable to decode/],
  ['{', /unable to decode/],
  ['§', /unable to decode/],
])('refuses %j', (text, message) => expect(() => parsePasswordPolicy(text)).toThrow(message))
