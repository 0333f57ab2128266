import { systemClock } from '@leasepool/core'
import type { AppRoles } from './auth/app-role'
import type { DatabaseEngine } from './database/database'
import { connectionOf, leftoversText } from './database/database-options'
import { DevVaultError, textOf } from './errors'
import { type DevVault, handleOf } from './handle'
import { checkDevVaultOptions, type DevVaultOptions } from './options'
import { configureKubernetes } from './options/kubernetes'
import { appRoleOf } from './options/logins'
import { run } from './http/run'
import { Vault } from './vault'

/**
 * Starts a server on 127.0.0.1 that speaks Vault's API for AppRole logins, tokens, leases and dynamic PostgreSQL users, and makes
 * those users in a real database. For development and tests: it keeps everything in memory and its secrets are not protected.
 * Rejects with OptionError for wrong options, with DevVaultError if `NODE_ENV` is `production` (ERR_DEV_VAULT_PRODUCTION), a database
 * does not answer (ERR_DEV_VAULT_DATABASE) or the port is taken (ERR_DEV_VAULT_PORT).
 */
export async function startDevVault(options: DevVaultOptions): Promise<DevVault> {
  if (process.env['NODE_ENV'] === 'production') {
    throw new DevVaultError(
      'ERR_DEV_VAULT_PRODUCTION',
      'dev-vault is for development and tests and does not start with NODE_ENV=production',
    )
  }
  checkDevVaultOptions(options)
  const vault = new Vault(options.clock ?? systemClock, options.rootToken, options.cleanUp)
  try {
    const appRoles = await configure(vault, options)
    return handleOf(await run(vault, options), appRoles)
  } catch (error) {
    await vault.close()
    throw error
  }
}

async function configure(vault: Vault, options: DevVaultOptions): Promise<AppRoles | undefined> {
  for (const [name, policy] of Object.entries(options.policies ?? {})) {
    vault.policies.set(name, policy)
  }
  await configureDatabases(vault.mountDatabase(`${options.mount ?? 'database'}/`), options)
  // As in Vault, a login method is there only if someone wants it: `vault auth enable approle` works otherwise.
  const appRoles = options.appRoles === undefined ? undefined : vault.mountAppRole('auth/approle/')
  for (const [name, role] of Object.entries(options.appRoles ?? {})) appRoles!.set(name, appRoleOf(role))
  if (options.kubernetes !== undefined) configureKubernetes(vault.mountKubernetes('auth/kubernetes/'), options.kubernetes)
  return appRoles
}

async function configureDatabases(engine: DatabaseEngine, { databases, roles }: DevVaultOptions): Promise<void> {
  for (const [name, database] of Object.entries(databases)) {
    const left = await engine.connections.configure(connectionOf(name, database)).catch((error: unknown) => {
      throw new DevVaultError('ERR_DEV_VAULT_DATABASE', `Database "${name}": ${textOf(error)}`)
    })
    if (left.length > 0) process.emitWarning(leftoversText(name, left), { code: 'LEASEPOOL_DEV_VAULT_LEFTOVERS' })
  }
  for (const [name, role] of Object.entries(roles)) {
    const defaults = {
      revocationStatements: [],
      renewStatements: [],
      rollbackStatements: [],
      defaultTtlSeconds: 0,
      maxTtlSeconds: 0,
    }
    engine.roles.set(name, { ...defaults, ...role, name })
  }
}
