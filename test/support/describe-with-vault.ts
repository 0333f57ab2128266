import { describe } from 'vitest'
import { VAULT_BINARY } from './vault-cli'

/**
 * `describe` for what needs Vault's own program. Below `npm test`, where there is none, it is skipped, and a line says how to run it.
 *
 * Not `describe.skipIf(…).for(…)`: vitest 4.1 forgets the skip and runs every case.
 */
export function describeWithVault(name: string, body: () => void): void {
  if (VAULT_BINARY === undefined) console.warn(`Skipped, it needs the program vault: ${name}. \`npm run test:vault\` runs it`)
  describe.skipIf(VAULT_BINARY === undefined)(name, body)
}
