import { Global, Module } from '@nestjs/common'

/** What the environment says. `VAULT_ADDR` and its sisters are read by leasepool, `STOP_DELAY_MS` by app.module.ts. */
export class Config {
  readonly port = this.#count('PORT', '3000')
  readonly role = this.#text('VAULT_ROLE', 'orders')
  readonly roleId = this.#text('VAULT_ROLE_ID')
  readonly secretId = this.#text('VAULT_SECRET_ID')
  /** After which share of the longest life that Vault allows a database user is replaced. */
  readonly rotateFraction = Number(this.#text('ROTATE_FRACTION', '0.5'))
  readonly database = {
    host: this.#text('DATABASE_HOST'),
    port: this.#count('DATABASE_PORT', '5432'),
    database: this.#text('DATABASE_NAME'),
  }
  /** The role that owns the tables, which every connection acts as. */
  readonly owner = this.#text('DATABASE_OWNER')
  /** The most connections of each pool. */
  readonly maxConnections = this.#count('MAX_CONNECTIONS', '5')

  #text(name: string, fallback?: string): string {
    const value = process.env[name] || fallback
    if (value === undefined) throw new Error(`${name} is not set`)
    return value
  }

  #count(name: string, fallback: string): number {
    const value = this.#text(name, fallback)
    if (!/^\d{1,9}$/.test(value)) throw new Error(`${name} must be a whole number, not "${value}"`)
    return Number(value)
  }
}

@Global()
@Module({ providers: [Config], exports: [Config] })
export class ConfigModule {}
