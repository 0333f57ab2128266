import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { buildPackages } from '../support/build'

/** What `npm pack --json` says of one package. */
export interface Packed {
  readonly name: string
  readonly version: string
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}

/** Folders below `packages`, and what is published from them. */
export const PACKAGES: Readonly<Record<string, string>> = {
  core: '@leasepool/core',
  'pg-adapter': '@leasepool/pg-adapter',
  'mysql2-adapter': '@leasepool/mysql2-adapter',
  'knex-adapter': '@leasepool/knex-adapter',
  'typeorm-adapter': '@leasepool/typeorm-adapter',
  'generic-pool-adapter': '@leasepool/generic-pool-adapter',
  nestjs: '@leasepool/nestjs',
  'dev-vault': '@leasepool/dev-vault',
  cli: 'leasepool',
}

const root = join(__dirname, '..', '..')

/** Builds all packages and packs those of `folders` into the folder `destination`. */
export async function packInto(destination: string, folders: readonly string[]): Promise<readonly Packed[]> {
  await buildPackages()
  const workspaces = folders.flatMap((name) => ['--workspace', `packages/${name}`])
  return packedOf(await run('npm', ['pack', '--json', '--pack-destination', destination, ...workspaces], root))
}

/** Makes the folder `app` with these tarballs and packages installed. Runs no install scripts. */
export async function installInto(app: string, specifiers: readonly string[]): Promise<void> {
  await mkdir(app)
  await run('npm', ['init', '--yes'], app)
  await install(app, specifiers)
}

export async function install(app: string, specifiers: readonly string[]): Promise<void> {
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact']
  await run('npm', ['install', ...flags, ...specifiers], app)
}

/** `name@version` in the version that this repository is tested with. */
export function asInstalled(name: string): string {
  const manifest = createRequire(join(root, 'package.json'))(join(root, 'node_modules', name, 'package.json')) as {
    version: string
  }
  return `${name}@${manifest.version}`
}

/** Runs a program of this repository or of the system; throws with all that it printed when it fails. */
export async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { cwd, env: cleanEnv(), maxBuffer: 64 * 1024 * 1024 })).stdout
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout ?? ''}\n${stderr ?? ''}`, { cause })
  }
}

/** What `npm test` says about this repository must not steer npm in another folder. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const path = [join(root, 'node_modules', '.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter)
  const own = Object.entries(process.env).filter(([key]) => !/^npm_(config_(local|workspace)|lifecycle|package)/.test(key))
  return { ...Object.fromEntries(own), PATH: path, NODE_ENV: '' }
}

/** An array up to npm 11, an object by name from npm 12 on. */
function packedOf(json: string): readonly Packed[] {
  return Object.values(JSON.parse(json) as Record<string, Packed>)
}
