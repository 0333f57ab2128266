#!/usr/bin/env node
// Finds or builds the Vault server that tests start, then runs a command with its path in LEASEPOOL_VAULT_BIN.
//
//   node scripts/vault.mjs -- vitest run test/vault     find or build, then run
//   node scripts/vault.mjs --check                      only say whether it is there or can be built
//   node scripts/vault.mjs --prepare                    find or build
//
// It looks at LEASEPOOL_VAULT_BIN, at its own cache, at `vault` and `bao` on the PATH, and else builds the version in
// tools/vault/go.mod into the cache. Only the program is used: a server that happens to run is never talked to.
//
// What is built is Vault with its own build tag `minimal` (no cloud storage, no cloud logins) plus tools/vault/plugins.go.txt: half the
// time and a third of the size of all of it. Go puts a file into a module only if the module is a folder, hence the copy of the source.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure, run, runMain } from './run.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const moduleFolder = join(root, 'tools', 'vault')
const goMod = readFileSync(join(moduleFolder, 'go.mod'), 'utf8')
const vaultVersion = /github\.com\/hashicorp\/vault v(\S+)/.exec(goMod)?.[1]
const goVersion = /^go (\S+)/m.exec(goMod)?.[1]
const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'leasepool', 'vault')
const cached = join(cacheFolder, `vault-${vaultVersion}`)
const goEnvironment = { ...process.env, GOTOOLCHAIN: process.env.GOTOOLCHAIN || 'auto' }

/** What the program says it is, such as `Vault v1.21.0`; undefined for anything but Vault and OpenBao. */
function identify(binary) {
  const { stdout } = spawnSync(binary, ['version'], { encoding: 'utf8', timeout: 60_000, stdio: ['ignore', 'pipe', 'ignore'] })
  return /^(?:Vault|OpenBao) v[^\s,]+/.exec(stdout ?? '')?.[0]
}

function find() {
  const given = process.env.LEASEPOOL_VAULT_BIN
  if (given) {
    const version = identify(given)
    if (version === undefined)
      throw new Failure(`LEASEPOOL_VAULT_BIN is ${given}, which is no program that says it is Vault or OpenBao`)
    return { binary: given, version }
  }
  const onPath = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const candidates = [cached, ...['vault', 'bao'].flatMap((name) => onPath.map((folder) => join(folder, name)))]
  for (const binary of candidates.filter((path) => existsSync(path))) {
    const version = identify(binary)
    if (version !== undefined) return { binary, version }
  }
  return undefined
}

/** Throws unless there is a Go that can build it. Go 1.21 and newer fetch the version they need when they may. */
function checkGo() {
  const { stdout, error } = spawnSync('go', ['env', 'GOVERSION'], {
    cwd: moduleFolder,
    env: goEnvironment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const found = /^go(\d+)\.(\d+)/.exec(stdout ?? '')
  const needed = /^(\d+)\.(\d+)/.exec(goVersion)
  if (found && (Number(found[1]) - Number(needed[1]) || Number(found[2]) - Number(needed[2])) >= 0) return
  const what = error ? 'there is no `go` on the PATH' : `the \`go\` on the PATH is ${stdout?.trim() || 'not usable'}`
  throw new Failure(
    `No Vault for the tests: ${what}, and building Vault ${vaultVersion} takes Go ${goVersion} or newer.\n` +
      'Install that Go, or put `vault` or `bao` on the PATH, or set LEASEPOOL_VAULT_BIN to a Vault or OpenBao program.',
  )
}

/** A copy of Vault's source with our plugins in it, and the go.mod that says so. */
function copySource(folder) {
  const download = spawnSync('go', ['mod', 'download', '-json', `github.com/hashicorp/vault@v${vaultVersion}`], {
    cwd: moduleFolder,
    env: goEnvironment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (download.status !== 0) throw new Failure(`The source of Vault ${vaultVersion} could not be fetched`)
  const source = join(folder, 'source')
  cpSync(JSON.parse(download.stdout).Dir, source, { recursive: true })
  const plugins = join(source, 'helper', 'builtinplugins')
  for (const path of [plugins, ...readdirSync(plugins).map((name) => join(plugins, name))]) chmodSync(path, 0o755)
  writeFileSync(
    join(plugins, 'registry_min.go'),
    `//go:build minimal\n\n${readFileSync(join(moduleFolder, 'plugins.go.txt'), 'utf8')}`,
  )
  const modFile = join(folder, 'go.mod')
  writeFileSync(modFile, `${goMod}\nreplace github.com/hashicorp/vault => ${source}\n`)
  copyFileSync(join(moduleFolder, 'go.sum'), join(folder, 'go.sum'))
  return modFile
}

async function build() {
  checkGo()
  const folder = join(cacheFolder, `build-${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const unfinished = join(folder, 'vault')
  const startMs = Date.now()
  console.error(`Building Vault ${vaultVersion}, once: about 8 minutes on two cores, then it is kept in ${cacheFolder}`)
  const progress = setInterval(
    () => console.error(`… still building Vault, ${Math.round((Date.now() - startMs) / 1_000)} s`),
    30_000,
  )
  try {
    const args = ['build', '-modfile', copySource(folder), '-mod=mod', '-tags', 'minimal', '-buildvcs=false', '-ldflags', '-s -w']
    const code = await run('go', [...args, '-o', unfinished, 'github.com/hashicorp/vault'], {
      cwd: moduleFolder,
      env: goEnvironment,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    if (code !== 0) throw new Failure(`Building Vault ${vaultVersion} failed: go ended with ${code}`)
    renameSync(unfinished, cached)
  } finally {
    clearInterval(progress)
    rmSync(folder, { recursive: true, force: true })
  }
  const version = identify(cached)
  if (version === undefined) throw new Failure(`${cached} was built and does not run`)
  return { binary: cached, version }
}

/** The environment without the developer's own Vault: its address, token and namespace are defaults of the code under test. */
function testEnvironment(binary) {
  const own = Object.entries(process.env).filter(([name]) => !/^(VAULT|BAO)_/.test(name))
  const path = [join(root, 'node_modules', '.bin'), process.env.PATH ?? ''].join(delimiter)
  return { ...Object.fromEntries(own), PATH: path, LEASEPOOL_VAULT_BIN: binary, LEASEPOOL_TEST_VAULT: 'real' }
}

async function main([mode, command, ...args]) {
  if (mode === '--check') {
    const found = find()
    if (found === undefined) checkGo()
    console.error(found ? `${found.version}: ${found.binary}` : `Vault ${vaultVersion} will be built`)
    return 0
  }
  if (mode === '--prepare') {
    const { binary, version } = find() ?? (await build())
    console.error(`${version}: ${binary}`)
    return 0
  }
  if (mode !== '--' || command === undefined)
    throw new Failure('Usage: node scripts/vault.mjs -- command … | --check | --prepare')
  const { binary, version } = find() ?? (await build())
  console.error(`${version}: ${binary}`)
  return run(command, args, { env: testEnvironment(binary), stdio: 'inherit' })
}

await runMain(main)
