import { fallback, LeasedCredentials, renderedFile, vaultClient, type VaultConnectionOptions } from '@leasepool/core'

/** Vault; while it is away and no user is left, one that an operator has put into a file for such days. */
export function orBreakGlass(vault: VaultConnectionOptions, path = '/etc/break-glass/db.json'): Promise<LeasedCredentials> {
  const role = vaultClient(vault).dynamicRole({ role: 'app' })
  return LeasedCredentials.start(fallback([role, renderedFile({ path, format: 'json' })], { afterMs: 5_000 }))
}
