import { describe, OptionError, type LeasedCredentials } from '@leasepool/core'
import type { Replication } from './typeorm-members'

/** One for all servers, or one for each of them; `slaves` as one, or in the order of `replication.slaves`. */
export type DataSourceCredentials =
  LeasedCredentials | { readonly master: LeasedCredentials; readonly slaves: LeasedCredentials | readonly LeasedCredentials[] }

export const MASTER = 'master'

export function slave(index: number): string {
  return `slave${index}`
}

/** With whose credentials a node logs in, by the name that it has here. Throws `OptionError`. */
export function credentialsByNode(
  credentials: DataSourceCredentials,
  replication: Replication | undefined,
): (node: string) => LeasedCredentials {
  if (isHandle(credentials)) return () => credentials
  const { master, slaves } = (credentials ?? {}) as Exclude<DataSourceCredentials, LeasedCredentials>
  if (!isHandle(master)) throw unfit('leasedDataSource.credentials', credentials)
  if (replication === undefined) {
    throw new OptionError('leasedDataSource.credentials', 'one LeasedCredentials: there is no replication', 'master and slaves')
  }
  const count = replication.slaves.length
  const each = isHandle(slaves) ? Array.from({ length: count }, () => slaves) : slaves
  if (!Array.isArray(each) || !each.every(isHandle)) {
    throw unfit('leasedDataSource.credentials.slaves', slaves)
  }
  if (each.length !== count) {
    throw new OptionError('leasedDataSource.credentials.slaves', `one for each of ${count} slaves`, String(each.length))
  }
  const byName = new Map([[MASTER, master], ...each.map((one, index) => [slave(index), one] as const)])
  return (node) => byName.get(node)!
}

/** Not by its class: an app may have two copies of core. */
function isHandle(value: unknown): value is LeasedCredentials {
  return typeof (value as Partial<LeasedCredentials> | null)?.forLogin === 'function'
}

function unfit(option: string, came: unknown): OptionError {
  return new OptionError(option, 'LeasedCredentials', describe(came))
}
