import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { poll } from './poll'

/** The compiled command, for `node`. */
export const LEASEPOOL = join(__dirname, '..', '..', 'packages', 'cli', 'dist', 'main.js')

/** One line of `--json`. */
export type Line = Readonly<Record<string, unknown>> & { readonly type: string }

/** The first line: how to log in. */
export interface ReadyLine {
  readonly address: string
  readonly token: string
  readonly roleId: string
  readonly secretId: string
  readonly databases: readonly {
    readonly kind: string
    readonly host: string
    readonly port: number
    readonly database: string
    readonly role: string
    readonly adminUrl?: string
  }[]
}

/** A `leasepool` that runs. */
export interface Running {
  readonly pid: number
  stdout(): string
  stderr(): string
  /** Lines of JSON so far. */
  lines(): Line[]
  /** Its exit code, or the name of the signal that ended it. */
  readonly exit: Promise<number | string>
  kill(signal: NodeJS.Signals): void
  /** Resolves with the first line of that type. */
  line(type: string): Promise<Line>
  closeOutput(): void
}

export interface Launch {
  readonly command?: string
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Starts `leasepool` with `args`, in a process group of its own. */
export function launch(args: readonly string[], { command, cwd, env = {} }: Launch = {}): Running {
  const own = Object.entries(process.env).filter(([name]) => !/^(VAULT_|BAO_|PG|NODE_ENV$|npm_)/.test(name))
  const argv = command === undefined ? [LEASEPOOL, ...args] : args
  const child = spawn(command ?? process.execPath, argv, { cwd, detached: true, env: { ...Object.fromEntries(own), ...env } })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const killAtExit = (): void => void child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const exit = new Promise<number | string>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? ''))
  }).finally(() => process.removeListener('exit', killAtExit))
  const lines = (): Line[] => linesOf(stdout)
  const line = async (type: string): Promise<Line> => {
    const find = (): Line | undefined => {
      const found = lines().find((each) => each.type === type)
      if (found === undefined && child.exitCode !== null) throw new Error(`It ended: ${stdout}${stderr}`)
      return found
    }
    return (await poll(`a line "${type}"`, find, (found) => found !== undefined, 30_000))!
  }
  return {
    pid: child.pid!,
    stdout: () => stdout,
    stderr: () => stderr,
    lines,
    exit,
    kill: (signal) => void child.kill(signal),
    line,
    closeOutput: () => void child.stdout.destroy(),
  }
}

/** Starts `leasepool dev --json` and waits until it serves. */
export async function launchDev(args: readonly string[], how?: Launch): Promise<{ running: Running; ready: ReadyLine }> {
  const running = launch(['dev', '--json', '--port', '0', ...args], how)
  return { running, ready: (await running.line('ready')) as unknown as ReadyLine }
}

/** Whole lines only: the last one may still be on its way. */
function linesOf(text: string): Line[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)
}
