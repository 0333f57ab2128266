import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import { MYSQL_LEGACY_USERNAMES, MYSQL_USERNAMES, POSTGRES_USERNAMES } from '../src/database/names'
import { SLOT_COUNT, slotOrder } from '../src/database/slots'
import { usernameTemplate } from '../src/database/username-template'

const METADATA = { DisplayName: 'approle', RoleName: 'Read-Only', nowMs: Date.UTC(2026, 10, 24, 3, 4, 5, 678) }

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8)

// What Go's text/template gives for the same text with Vault's functions.
it.each([
  ['v-{{.DisplayName}}-{{ .RoleName }}', 'v-approle-Read-Only'],
  ['{{ printf "v-%s-%s" (.DisplayName | truncate 3) (.RoleName | uppercase | truncate 4) | lowercase }}', 'v-app-read'],
  ['{{ .RoleName | replace "-" "_" }}', 'Read_Only'],
  ['{{ replace "-" `"` .RoleName }}', 'Read"Only'],
  ['{{ .DisplayName | sha256 | truncate 8 }}', sha256('approle')],
  ['{{ .DisplayName | base64 }}', 'YXBwcm9sZQ=='],
  ['{{ unix_time }}.{{ unix_time_millis }}', '1795489445.1795489445678'],
  ['{{ timestamp "2006-01-02T15:04:05.000Z07:00" }}', '2026-11-24T03:04:05.678Z'],
  ['{{ timestamp "Jan _2 3:04PM" }}', 'Nov 24 3:04AM'],
  ['{{ "abcdefghijklmnop" | truncate_sha256 12 }}', `abcd${sha256('efghijklmnop')}`],
  ['{{ "short" | truncate_sha256 12 }}', 'short'],
  ['a {{- .DisplayName -}} b', 'aapproleb'],
  ['{{/* no name */}}x', 'x'],
  ['{{ printf "%d%%-%v" 7 "x" }}', '7%-x'],
])('reads %s', (template, expected) => expect(usernameTemplate(template)(METADATA)).toBe(expected))

it('makes random parts anew each time', () => {
  const make = usernameTemplate('{{ random 12 }}-{{ uuid }}')
  expect(make(METADATA)).toMatch(/^[A-Za-z0-9]{12}-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(make(METADATA)).not.toBe(make(METADATA))
})

it.each([
  ['{{ .Foo }}', /invalid username template: .*can't evaluate field Foo in type dbplugin.UsernameMetadata/],
  ['{{ foo 3 }}', /unable to initialize username template: .*function "foo" not defined/],
  ['{{ .RoleName | truncate 0 }}', /error calling truncate: max length must be > 0 but was 0/],
  ['{{ .RoleName | truncate_sha256 8 }}', /max length must be > 8 but was 8/],
  ['{{ .RoleName | truncate', /unclosed action/],
  ['{{ .RoleName | truncate }}', /wrong number of args for truncate: want 2 got 1/],
  ['{{ .RoleName | truncate "3" }}', /wrong type for value; expected int; got string/],
  ['{{ if .RoleName }}x{{ end }}', /dev-vault does not support \{\{if\}\}/],
  ['{{ $x := 1 }}', /dev-vault cannot read "\$x := 1"/],
  ['{{ }}', /missing value for command/],
  ['{{ (.RoleName }}', /unclosed left paren/],
  ['{{ .RoleName 3 }}', /can't give argument to non-function/],
  ['{{ printf "%x" 3 }}', /does not know %x/],
])('refuses %s', (template, text) => expect(() => usernameTemplate(template)).toThrow(text))

it('marks default names with the slot, keeps to their lengths and knows its own', () => {
  const nowMs = 1_767_225_600_999
  expect(POSTGRES_USERNAMES.make('approle', 'readonly-long', nowMs, 10)).toMatch(
    /^v-approle-readonly-LpDvA[A-Za-z0-9]{15}-1767225600$/,
  )
  expect(MYSQL_USERNAMES.make('approle-long', 'readonly-long', nowMs, 0)).toMatch(/^v-approle-lo-readonly-l-LpDv0[A-Za-z0-9]{3}$/)
  expect(MYSQL_USERNAMES.make('a', 'b', nowMs, 61)).toMatch(/^v-a-b-LpDvz[A-Za-z0-9]{15}-17672$/)
  expect(MYSQL_LEGACY_USERNAMES.make('a', 'readonly', nowMs, 36)).toMatch(/^v-read-LpDva[A-Za-z0-9]{4}$/)
  for (const style of [POSTGRES_USERNAMES, MYSQL_USERNAMES, MYSQL_LEGACY_USERNAMES]) {
    for (const name of ['a', 'a-b-c-d', 'x'.repeat(40)]) {
      for (let slot = 0; slot < SLOT_COUNT; slot++) expect(style.slotOf(style.make(name, name, nowMs, slot))).toBe(slot)
      expect(style.slotOf(style.make(name, name, nowMs, undefined))).toBeUndefined()
    }
    for (const other of ['v-approle-ro-x2TnQ9sB7aLkPx2TnQ9s-1767225600', 'app', 'LpDv', `v-a-b-LpDv`, `v-LpDv-a-b`])
      expect(style.slotOf(other)).toBeUndefined()
  }
})

it('tries the slots of no user first, in an order of chance', () => {
  const order = slotOrder(new Set([1, 2]))
  expect(new Set(order.slice(-2))).toEqual(new Set([1, 2]))
  expect(new Set(order).size).toBe(SLOT_COUNT)
  expect(slotOrder(new Set())).not.toEqual(slotOrder(new Set()))
})
