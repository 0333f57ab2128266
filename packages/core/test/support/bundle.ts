import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/** How a process ended, and all that it printed. */
export interface Ended {
  readonly stdout: string
  readonly stderr: string
  /** What ended it, where it did not end by itself. */
  readonly signal: NodeJS.Signals | undefined
}

/** Runs `script` in a process of its own, where `leasepool` is a source file of core, and waits for its end. */
export async function endOf(sourceFile: string, script: string, env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const folder = await mkdtemp(join(tmpdir(), 'leasepool-core-'))
  try {
    const file = join(folder, 'leasepool.cjs')
    const bundle = await rolldown({ input: join(__dirname, '../../src', sourceFile), platform: 'node' })
    await bundle.write({ file, format: 'cjs' })
    const code = `const leasepool = require(${JSON.stringify(file)}); ${script}`
    return await run(['-e', code], { ...process.env, ...env })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The same for a script that must end well. Resolves with all that it printed. */
export async function runWith(sourceFile: string, script: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout, stderr, signal } = await endOf(sourceFile, script, env)
  if (signal !== undefined) throw new Error(`The script was ended by ${signal}: ${stdout}${stderr}`)
  return stdout + stderr
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { timeout: 20_000, env }, (error, stdout, stderr) => {
      const signal = error?.signal ?? undefined
      if (error !== null && (signal === undefined || error.killed)) reject(error)
      else resolve({ stdout, stderr, signal })
    })
  })
}
