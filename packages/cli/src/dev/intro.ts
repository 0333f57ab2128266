import { formatDuration } from '../durations'
import type { DevDatabase } from './databases'
import type { Ready } from './report'

/** What is shown once everything runs: variables, a line to try, code, and how it ends. */
export function introOf(ready: Ready): string {
  return [
    'leasepool dev: a small Vault for development only. It protects no secret and forgets everything when it ends.',
    indented(variablesOf(ready)),
    `A database user, alive for ${formatDuration(ready.ttlSeconds)} and, when renewed, for ${formatDuration(ready.maxTtlSeconds)}:`,
    indented(ready.databases.map(({ role }) => curlLine(ready, role))),
    ...ready.databases.flatMap(codeFor),
    ...ready.databases.flatMap(administratorOf),
    'Ctrl-C ends it and drops every user it has made.',
  ].join('\n\n')
}

/** Names that Vault's, PostgreSQL's and MySQL's own tools read, too. */
function variablesOf({ address, token, roleId, secretId, databases }: Ready): string[] {
  const vault = { VAULT_ADDR: address, VAULT_TOKEN: token, VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId }
  const all = Object.assign({}, vault, ...databases.map(databaseVariables)) as Record<string, string>
  return Object.entries(all).map(([name, value]) => `export ${name}=${quoted(value)}`)
}

function databaseVariables({ kind, host, port, database }: DevDatabase): Record<string, string> {
  return kind === 'postgres'
    ? { PGHOST: host, PGPORT: String(port), PGDATABASE: database }
    : { MYSQL_HOST: host, MYSQL_TCP_PORT: String(port), MYSQL_DATABASE: database }
}

function curlLine({ address, token }: Ready, role: string): string {
  return `curl -s -H 'X-Vault-Token: ${token}' ${address}/v1/database/creds/${role}`
}

/** The program that an app starts with; PostgreSQL's place comes from the variables. */
function codeFor({ kind, role }: DevDatabase): string[] {
  if (kind !== 'postgres') return []
  const code = [
    `import { vaultCredentials } from '@leasepool/core'`,
    `import { LeasedPool } from '@leasepool/pg-adapter'`,
    '',
    'const { VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId } = process.env',
    `const credentials = await vaultCredentials({ role: '${role}', auth: { method: 'approle', roleId, secretId } })`,
    'const pool = new LeasedPool({ max: 10 }, credentials)',
    `console.log((await pool.query('select current_user')).rows)`,
    'await pool.end()',
    'await credentials.close()',
  ]
  return ['In your app (npm install @leasepool/core @leasepool/pg-adapter pg):', indented(code)]
}

/** Leased users may not make tables. The server is ours, and so is its password. */
function administratorOf({ isOwn, adminUrl }: DevDatabase): string[] {
  return isOwn ? ['To make tables, log in as the administrator:', indented([`psql ${quoted(adminUrl)}`])] : []
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')
}

/** As a shell takes it. */
function quoted(text: string): string {
  return /^[\w./:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
