import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ACCEPTED } from './accepted'

test('docs/dev-vault-differences.md names every accepted difference', () => {
  const page = readFileSync(join(__dirname, '../../docs/dev-vault-differences.md'), 'utf8')
  const text = page.replace(/\s+/g, ' ')
  for (const { why } of ACCEPTED) expect(text).toContain(`- ${why}`)
})
