import {
  checkOptions,
  describe,
  LeasedCredentials,
  objectWith,
  OptionError,
  vaultCredentials,
  type CredentialSource,
  type LeasedCredentialsOptions,
  type OptionCheck,
  type Vault,
  type VaultCredentialsOptions,
  type VaultRoleCredentialsOptions,
} from '@leasepool/core'
import { isHandle, whereOf, type CheckedOptions } from './options'

const handle: OptionCheck = (value) =>
  typeof value === 'function' || isHandle(value) ? undefined : 'LeasedCredentials, or a function that starts them'

/** Rejects as `vaultCredentials` does; messages about options name the module. */
export async function startCredentials(name: string, { start }: CheckedOptions): Promise<LeasedCredentials> {
  const where = whereOf(name)
  try {
    if ('credentials' in start && start.credentials !== undefined) return await handedIn(where, start)
    if ('vault' in start && start.vault !== undefined) return await fromVault(where, start)
    if ('source' in start && start.source !== undefined) return await fromSource(where, start)
    return await vaultCredentials(start as VaultCredentialsOptions)
  } catch (error) {
    throw error instanceof OptionError ? namedAfter(where, error) : error
  }
}

async function handedIn(where: string, options: object): Promise<LeasedCredentials> {
  checkOptions<{ credentials: unknown }>(where, options, { credentials: { check: handle } })
  const { credentials } = options as { credentials: LeasedCredentials | (() => unknown) }
  if (typeof credentials !== 'function') return credentials
  const started = await credentials()
  if (isHandle(started)) return started
  throw new OptionError(`${where}.credentials`, 'a function that starts LeasedCredentials', `one that gave ${describe(started)}`)
}

async function fromVault(where: string, options: object): Promise<LeasedCredentials> {
  const { vault, ...rest } = options as { vault: Vault } & VaultRoleCredentialsOptions
  const expected = objectWith('credentials', 'close')(vault)
  if (expected !== undefined) throw new OptionError(`${where}.vault`, expected, describe(vault))
  return vault.credentials(rest)
}

async function fromSource(where: string, options: object): Promise<LeasedCredentials> {
  const { source, ...rest } = options as { source: CredentialSource } & LeasedCredentialsOptions
  const expected = objectWith('issue')(source)
  if (expected !== undefined) throw new OptionError(`${where}.source`, expected, describe(source))
  return LeasedCredentials.start(source, rest)
}

/** Core names the function that it was given the options by: here that is the module. */
function namedAfter(where: string, { option, expected, received }: OptionError): OptionError {
  return new OptionError(
    option.replace(/^(vaultCredentials|credentials|LeasedCredentials)(?=\.|$)/, () => where),
    expected,
    received,
  )
}
