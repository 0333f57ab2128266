import { renderedFileCredentials, type LeasedCredentials } from '@leasepool/core'

/** The user that the Secrets Operator or the CSI driver mounts: a file for its name, and one for its password. */
export function fromFolder(path = '/etc/db'): Promise<LeasedCredentials> {
  return renderedFileCredentials({ path, format: 'folder' })
}
