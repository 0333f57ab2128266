import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rolldown } from 'rolldown'
import type { Report, RunOptions } from './report'

const root = join(__dirname, '..', '..', '..')
const packages = ['core', 'pg-adapter', 'mysql2-adapter', 'dev-vault']

/** Runs rotations in a process of its own. */
export async function runRotations(options: RunOptions): Promise<Report> {
  // In here the bundle finds what it needs.
  const folder = await mkdtemp(join(root, 'node_modules', '.leasepool-rotations-'))
  try {
    const file = join(folder, 'main.cjs')
    const alias = Object.fromEntries(
      packages.map((name) => [`@leasepool/${name}`, join(root, 'packages', name, 'src', 'index.ts')]),
    )
    const external = (id: string): boolean => /^[^./]/.test(id) && !id.startsWith('@leasepool/')
    const bundle = await rolldown({ input: join(__dirname, 'main.ts'), platform: 'node', resolve: { alias }, external })
    await bundle.write({ file, format: 'cjs', sourcemap: 'inline' })
    const args = ['--expose-gc', '--enable-source-maps', file, JSON.stringify(options)]
    const running = promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 })
    running.child.stderr?.pipe(process.stderr)
    const { stdout } = await running
    return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Report
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
