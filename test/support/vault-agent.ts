import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realVaultBinary } from './real-vault'

/** Real `vault agent`, which logs in by AppRole and renders the database user of a role to a file. */
export interface VaultAgent {
  /** The file: `{"username":"…","password":"…"}`. */
  readonly path: string
  stop(): Promise<void>
}

export interface VaultAgentOptions {
  readonly address: string
  readonly login: { roleId: string; secretId: string }
  /** A process that gets SIGHUP whenever the file was written. */
  readonly hangUp?: number | undefined
}

export function startVaultAgent({ address, login, hangUp }: VaultAgentOptions): VaultAgent {
  const root = mkdtempSync(join(tmpdir(), 'leasepool-agent-'))
  const file = (name: string, text: string): string => {
    writeFileSync(join(root, name), text)
    return join(root, name)
  }
  mkdirSync(join(root, 'secrets'))
  const path = join(root, 'secrets', 'login.json')
  const config = file('agent.hcl', configured({ address, login, hangUp }, path, file))
  const env = { PATH: process.env['PATH'], HOME: root }
  const child = spawn(realVaultBinary(), ['agent', `-config=${config}`], { stdio: ['ignore', 'ignore', 'pipe'], env })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-8_000)))
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  return {
    path,
    stop: async () => {
      process.removeListener('exit', end)
      if (child.exitCode !== null) throw new Error(`The agent ended with ${child.exitCode}: ${output}`)
      await new Promise((resolve) => {
        child.once('exit', resolve)
        child.kill('SIGTERM')
      })
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The one of the example, with the places of a test. */
function configured(
  { address, login, hangUp }: VaultAgentOptions,
  path: string,
  file: (name: string, text: string) => string,
): string {
  const example = readFileSync(join(__dirname, '..', '..', 'examples', 'rendered-files', 'agent.hcl'), 'utf8')
  const places: [RegExp | string, string][] = [
    ['https://vault.internal:8200', address],
    ['auth/approle', 'auth/apps'],
    ['/etc/agent/role-id', file('role-id', login.roleId)],
    ['/etc/agent/secret-id', file('secret-id', login.secretId)],
    ['database/creds/app', 'app-db/creds/app'],
    ['/vault/secrets/db.json', path],
    [/ {2}exec \{[^}]*\}\n/, hangUp === undefined ? '' : `exec { command = ["kill", "-HUP", "${hangUp}"] }\n`],
  ]
  return places.reduce((text, [place, ours]) => {
    if (text.search(place) === -1) throw new Error(`agent.hcl does not say ${String(place)}`)
    return text.replace(place, ours)
  }, example)
}
