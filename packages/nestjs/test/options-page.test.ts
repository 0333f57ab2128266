import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asyncRules, settingsRules } from '../src/options'

const page = readFileSync(join(__dirname, '../../../docs/nestjs.md'), 'utf8')
const options = page.slice(page.indexOf('## Options'), page.indexOf('## Several credentials'))

test.for(Object.keys({ ...settingsRules, ...asyncRules, credentials: 0, source: 0, vault: 0 }))(
  'docs/nestjs.md names %s',
  (name) => {
    expect(options).toContain(`\`${name}\``)
  },
)
