import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, expect, it, vi } from 'vitest'
import { ownedFolder, removeOrphans } from '../src/embedded/orphans'
import { startEmbeddedPostgres } from '../src/index'
import { ownIdentity } from '../src/embedded/process-identity'
import { eventually } from './support'

const own = mkdtempSync(join(tmpdir(), 'orphans-'))

afterEach(() => vi.unstubAllEnvs())
afterAll(() => rmSync(own, { recursive: true, force: true }))

function folderNamed(prefix: string, owner?: object | string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix))
  if (owner !== undefined) writeFileSync(join(folder, 'owner.json'), typeof owner === 'string' ? owner : JSON.stringify(owner))
  return folder
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** The number of a process that has ended. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

// Run from the built package, since a plain Node process cannot read the sources.
const built = join(__dirname, '..', 'dist', 'index.js')

it.runIf(existsSync(built) && process.platform === 'linux')(
  'ends the server of a process that was killed, and no other',
  async () => {
    const script = `require(${JSON.stringify(built)}).startEmbeddedPostgres().then(({ url }) => { console.log(url); setInterval(() => {}, 1000) })`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    const living = await startEmbeddedPostgres()
    try {
      const left = serverOwnedBy(child.pid!)
      const own = serverOwnedBy(process.pid)
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect([isAlive(left.pid), existsSync(left.folder)]).toEqual([true, true])
      await (await startEmbeddedPostgres()).stop()
      await eventually(() => !isAlive(left.pid))
      expect(existsSync(left.folder)).toBe(false)
      expect([isAlive(own.pid), existsSync(own.folder)]).toEqual([true, true])
    } finally {
      child.kill('SIGKILL')
      await living.stop()
    }
  },
)

function serverOwnedBy(owner: number): { folder: string; pid: number } {
  const pids = [...readProcesses()].filter(({ parent, name }) => parent === owner && name === 'postgres')
  const data = readFileSync(`/proc/${pids[0]!.pid}/cmdline`, 'utf8').split('\0').find((argument) => argument.includes('leasepool-postgres-')) // prettier-ignore
  return { pid: pids[0]!.pid, folder: dirname(data!) }
}

function* readProcesses(): Generator<{ pid: number; parent: number; name: string }> {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number)
  for (const pid of [...children, ...children.flatMap(childrenOf)]) {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ''
    const match = /\((.*)\) \S (\d+)/.exec(stat)
    if (match !== null) yield { pid, name: match[1]!, parent: Number(match[2]) }
  }
}

function childrenOf(pid: number): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  const text = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  return text === '' ? [] : text.split(' ').map(Number)
}

it('leaves alone what may still be in use', async () => {
  vi.stubEnv('TMPDIR', own)
  const self = (await ownIdentity())!
  const gone = { ...self, pid: await endedPid() }
  const kept = [
    await ownedFolder('postgres'),
    await ownedFolder('vault'),
    folderNamed('leasepool-postgres-'), // just made
    folderNamed('leasepool-postgres-', '{'),
    folderNamed('leasepool-postgres-', { ...gone, pid: 0 }),
    folderNamed('leasepool-postgres-', { ...gone, world: 'another machine' }),
    folderNamed('other-', gone),
  ]
  const removed = [
    folderNamed('leasepool-postgres-', gone),
    folderNamed('leasepool-vault-', gone),
    folderNamed('leasepool-postgres-', { ...self, started: '1' }), // its number is used again
  ]
  await removeOrphans()
  expect(kept.map((folder) => existsSync(folder))).toEqual(kept.map(() => true))
  expect(removed.map((folder) => existsSync(folder))).toEqual([false, false, false])
})

it('ends no process whose number a dead server once had', async () => {
  vi.stubEnv('TMPDIR', own)
  const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  try {
    const folder = folderNamed('leasepool-postgres-', { ...(await ownIdentity())!, pid: await endedPid() })
    const data = join(folder, 'data')
    mkdirSync(data)
    writeFileSync(join(data, 'postmaster.pid'), `${bystander.pid}\n${data}\n`)
    await removeOrphans()
    expect([existsSync(folder), bystander.exitCode, bystander.signalCode]).toEqual([false, null, null])
  } finally {
    bystander.kill()
  }
})

it.runIf(process.platform === 'linux')('takes a process for ended whose parent takes no note of it', async () => {
  vi.stubEnv('TMPDIR', own)
  // What the shell has become does not wait for the shell's child.
  const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(line.toString())
    const fields = (): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    const folder = folderNamed('leasepool-postgres-', { ...(await ownIdentity())!, pid, started: fields()[19]! })
    await eventually(() => fields()[0] === 'Z')
    await removeOrphans()
    expect(existsSync(folder)).toBe(false)
  } finally {
    parent.kill()
  }
})
