/** A setting of Vault's own command line, from `VAULT_<name>`, else OpenBao's `BAO_<name>`; empty counts as not set. */
export function vaultEnv(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env[`VAULT_${name}`] || env[`BAO_${name}`] || undefined
}

/** Reads a boolean as Vault does (Go's `strconv.ParseBool`): `false`, `0` and anything unreadable are false. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)
}
