import { renderedFileCredentials, type LeasedCredentials } from '@leasepool/core'

/** The user that Vault Agent writes to a file, as `agent.hcl` says. */
export function fromAgent(path = '/vault/secrets/db.json'): Promise<LeasedCredentials> {
  return renderedFileCredentials({ path, format: 'json', reloadOnSighup: true })
}
