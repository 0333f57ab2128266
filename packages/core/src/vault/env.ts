import { OptionError } from '../errors'

/** A setting of Vault's own command line, from `VAULT_<name>`, else OpenBao's `BAO_<name>`; empty counts as not set. */
export function vaultEnv(name: string, env: NodeJS.ProcessEnv = process.env): string | undefined {
  return env[`VAULT_${name}`] || env[`BAO_${name}`] || undefined
}

/** Reads a boolean as Vault does (Go's `strconv.ParseBool`): `false`, `0` and anything unreadable are false. */
export function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, '': 1_000, s: 1_000, m: 60_000, h: 3_600_000 }

/** A duration in ms: seconds, or a number with a unit, as in `1m30s`. Throws `OptionError` for anything else, and for 0. */
export function vaultDuration(name: string, env: NodeJS.ProcessEnv = process.env): number | undefined {
  const text = vaultEnv(name, env)
  if (text === undefined) return undefined
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|$)/g)]
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0)
  if (parts.map(([part]) => part).join('') !== text || !(ms >= 1 && ms < 2 ** 31)) {
    throw new OptionError(`VAULT_${name}`, 'seconds, or a duration such as "30s"', 'something else')
  }
  return ms
}
