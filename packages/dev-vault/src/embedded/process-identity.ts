import { execFile } from 'node:child_process'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { promisify } from 'node:util'

/** A process that may have ended, told apart from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** When it started, as the system writes it. */
  readonly started: string
  /** The machine, boot and process namespace in which the number means something. */
  readonly world: string
}

/** This process; `undefined` where the system does not tell. */
export async function ownIdentity(): Promise<ProcessIdentity | undefined> {
  const started = await startOf(process.pid)
  const world = await currentWorld()
  return started === undefined || world === undefined ? undefined : { pid: process.pid, started, world }
}

/** True if it is certain that the process has ended: one in another container or before a reboot is not looked at. */
export async function hasEnded({ pid, started, world }: ProcessIdentity): Promise<boolean> {
  if (world !== (await currentWorld())) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
  const now = await startOf(pid)
  return now !== undefined && (now !== started || (await isZombie(pid)))
}

/** Ended, but not taken note of by its parent: in a container whose first process does not do so, one stays like this for ever. */
async function isZombie(pid: number): Promise<boolean> {
  if (process.platform !== 'linux') return ((await ps(pid, 'state')) ?? '').startsWith('Z')
  return (await statFields(pid))[0] === 'Z'
}

/** True if the running process with this number was started with this argument. */
export async function hasArgument(pid: number, argument: string): Promise<boolean> {
  if (process.platform === 'linux') {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return line.split('\0').includes(argument)
  }
  return ` ${(await ps(pid, 'command')) ?? ''} `.includes(` ${argument} `)
}

async function startOf(pid: number): Promise<string | undefined> {
  return process.platform === 'linux' ? (await statFields(pid))[19] : ps(pid, 'lstart')
}

/** From the third on, the state; the second one is the name in brackets, which may hold spaces and brackets (man 5 proc_pid_stat). */
async function statFields(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text === '' ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

async function currentWorld(): Promise<string | undefined> {
  if (process.platform !== 'linux') return hostname()
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined)
  const namespace = await readlink('/proc/self/ns/pid').catch(() => undefined)
  return boot === undefined || namespace === undefined ? undefined : `${boot.trim()} ${namespace}`
}

/** One column of `ps`, on systems that have it. */
async function ps(pid: number, column: string): Promise<string | undefined> {
  const found = await promisify(execFile)('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)]).catch(() => undefined)
  return found?.stdout.trim() || undefined
}
