import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  readonly hangUp?: number
}

export function startVaultAgent({ address, login, hangUp }: VaultAgentOptions): VaultAgent {
  const root = mkdtempSync(join(tmpdir(), 'leasepool-agent-'))
  const file = (name: string, text: string): string => {
    writeFileSync(join(root, name), text)
    return join(root, name)
  }
  mkdirSync(join(root, 'secrets'))
  const path = join(root, 'secrets', 'login.json')
  const config = file(
    'agent.hcl',
    `vault { address = "${address}" }
auto_auth {
  method "approle" {
    mount_path = "auth/apps"
    config = {
      role_id_file_path = "${file('role-id', login.roleId)}"
      secret_id_file_path = "${file('secret-id', login.secretId)}"
      remove_secret_id_file_after_reading = false
    }
  }
}
template {
  contents = "{{ with secret \\"app-db/creds/app\\" }}{\\"username\\":\\"{{ .Data.username }}\\",\\"password\\":\\"{{ .Data.password }}\\"}{{ end }}"
  destination = "${path}"
  ${hangUp === undefined ? '' : `exec { command = ["kill", "-HUP", "${hangUp}"] }`}
}
`,
  )
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
