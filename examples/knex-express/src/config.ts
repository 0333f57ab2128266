/** What the environment says. `VAULT_ADDR` and its sisters are read by leasepool. */
export interface Config {
  readonly port: number
  /** How long the service goes on after SIGTERM, until nobody sends requests any more, in ms. */
  readonly stopDelayMs: number
  readonly vault: { readonly role: string; readonly roleId: string; readonly secretId: string }
  /** After which share of the longest life that Vault allows a database user is replaced. */
  readonly rotateFraction: number
  readonly database: DatabaseConfig
}

export interface DatabaseConfig {
  readonly kind: 'postgres' | 'mysql'
  readonly host: string
  readonly port: number
  readonly name: string
  /** The role that owns the tables, which every connection acts as. Absent on MySQL, where nobody owns a table. */
  readonly owner: string | undefined
  /** The most connections of this instance. */
  readonly maxConnections: number
}

/** Throws an Error that names the first variable that is missing or wrong. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const text = (name: string, fallback?: string): string => {
    const value = env[name] || fallback
    if (value === undefined) throw new Error(`${name} is not set`)
    return value
  }
  const count = (name: string, fallback?: string): number => {
    const value = text(name, fallback)
    if (!/^\d{1,9}$/.test(value)) throw new Error(`${name} must be a whole number, not "${value}"`)
    return Number(value)
  }
  const kind = text('DATABASE', 'postgres')
  if (kind !== 'postgres' && kind !== 'mysql') throw new Error(`DATABASE must be "postgres" or "mysql", not "${kind}"`)
  return {
    port: count('PORT', '3000'),
    stopDelayMs: count('STOP_DELAY_MS', '500'),
    vault: { role: text('VAULT_ROLE', 'orders'), roleId: text('VAULT_ROLE_ID'), secretId: text('VAULT_SECRET_ID') },
    rotateFraction: Number(text('ROTATE_FRACTION', '0.5')),
    database: {
      kind,
      host: text('DATABASE_HOST'),
      port: count('DATABASE_PORT', kind === 'postgres' ? '5432' : '3306'),
      name: text('DATABASE_NAME'),
      owner: env['DATABASE_OWNER'] || undefined,
      maxConnections: count('MAX_CONNECTIONS', '10'),
    },
  }
}
