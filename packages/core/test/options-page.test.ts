import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { leasedCredentialsOptionRules } from '../src/leased-credentials-options'
import { dynamicRoleRules } from '../src/sources/vault-dynamic-role'
import { vaultConnectionRules } from '../src/vault/options'
import { leasedMysqlPoolOptionRules } from '../../mysql2-adapter/src/leased-pool'

const page = readFileSync(join(__dirname, '../../../docs/options.md'), 'utf8')
/** The names in the first column of its tables. */
const named = [...page.matchAll(/^\| ([^|]*)\|/gm)].flatMap(([, cell]) =>
  [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
)

test('docs/options.md names every option, and no other', () => {
  const rules = { ...vaultConnectionRules, ...dynamicRoleRules, ...leasedCredentialsOptionRules, ...leasedMysqlPoolOptionRules }
  expect(new Set(named)).toEqual(new Set(Object.keys(rules)))
})
