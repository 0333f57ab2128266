import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { ownedFolder } from '../../packages/dev-vault/src/embedded/orphans'

/** Vault's own command line, as somebody who follows a tutorial uses it. */
export interface VaultCli {
  /** Its home: the token of `vault login` is kept here. */
  readonly home: string
  /** Runs `vault args…` and resolves with its output; rejects with all that it printed. */
  run(...args: string[]): Promise<string>
  /** The same with `-format=json` (after the command's `words`), parsed. */
  json(words: string, ...args: string[]): Promise<Record<string, unknown>>
  /** Runs `vault args…`, which must fail, and resolves with what it printed to stderr. */
  fail(...args: string[]): Promise<string>
  close(): Promise<void>
}

/** The program that `scripts/vault.mjs` found or built; undefined below `npm test`. */
export const VAULT_BINARY = process.env['LEASEPOOL_VAULT_BIN']

export async function vaultCli(address: string, env: NodeJS.ProcessEnv = {}): Promise<VaultCli> {
  const home = await ownedFolder('test-vault-cli')
  const execute = (args: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
    promisify(execFile)(VAULT_BINARY!, args, {
      env: { PATH: process.env['PATH'], HOME: home, VAULT_ADDR: address, VAULT_MAX_RETRIES: '0', ...env },
    })
  const run = (...args: string[]): Promise<string> =>
    execute(args).then(
      ({ stdout }) => stdout,
      ({ stdout, stderr }: { stdout: string; stderr: string }) => {
        throw new Error(`vault ${args.join(' ')}: ${stdout}${stderr}`)
      },
    )
  return {
    home,
    run,
    json: async (words, ...args) =>
      JSON.parse(await run(...words.split(' '), '-format=json', ...args)) as Record<string, unknown>,
    fail: (...args) =>
      execute(args).then(
        ({ stdout }) => {
          throw new Error(`vault ${args.join(' ')} went well: ${stdout}`)
        },
        ({ stderr }: { stderr: string }) => stderr,
      ),
    close: () => rm(home, { recursive: true, force: true }),
  }
}
