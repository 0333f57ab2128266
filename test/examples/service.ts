import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFailed, onTestFinished } from 'vitest'
import { freePort } from '../support/free-port'
import { poll } from '../support/poll'

/** An example that runs, in a process of its own. */
export interface Service {
  readonly url: string
  readonly pid: number
  /** Its exit code, or the name of the signal that ended it. */
  readonly exit: Promise<number | string>
}

export type Example = 'knex-express' | 'typeorm-express'

/** Starts it as in production (`main`), or as `npm start` does (`dev`), and waits until it is ready. */
export function startService(
  example: Example,
  environment: Readonly<Record<string, string>>,
  program: 'main' | 'dev' = 'main',
): Promise<Service> {
  return startIn(join(__dirname, '..', '..', 'examples', example), environment, program)
}

/** The same for what was compiled in `folder`. `readyPath` answers 200 when it is ready. */
export async function startIn(
  folder: string,
  environment: Readonly<Record<string, string>>,
  program: 'main' | 'dev' = 'main',
  readyPath = '/readyz',
): Promise<Service> {
  const port = await freePort()
  const { PATH = '', HOME = '', LEASEPOOL_MARIADB_URL } = process.env
  const child = spawn(process.execPath, [join('dist', `${program}.js`)], {
    cwd: folder,
    env: { PATH, HOME, ...(LEASEPOOL_MARIADB_URL ? { LEASEPOOL_MARIADB_URL } : {}), ...environment, PORT: String(port) },
    detached: true, // a Ctrl-C goes to its group
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  onTestFailed(() => console.error(`What ${folder} printed: ${output}`))
  const exit = new Promise<number | string>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal ?? '')))
  const url = `http://127.0.0.1:${port}`
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`The service ended with ${child.exitCode}: ${output}`)
    return fetch(url + readyPath).then(
      ({ status }) => status === 200,
      () => false,
    )
  }
  await poll(`${folder} is ready`, isReady, (ready) => ready, 30_000)
  return { url, pid: child.pid!, exit }
}

/** {@link Service.exit}, which must come within 5 s. */
export function exitOf({ exit }: Service): Promise<number | string> {
  return Promise.race([exit, sleep(5_000, 'not within 5 s', { ref: false })])
}

/** What can be ordered. */
export const ORDER = {
  customer: 'Ada',
  items: [
    { product: 'pen', quantity: 2 },
    { product: 'ink', quantity: 1 },
  ],
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  /** Whether it said that the connection ends with it. */
  readonly closes: boolean
}

/** Sends a request; with a `body` it is a POST. */
export async function ask({ url }: Service, path: string, body?: object): Promise<Answer> {
  const post = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url + path, body === undefined ? {} : post)
  return { status: response.status, body: await response.json(), closes: response.headers.get('connection') === 'close' }
}

/** Of what {@link ask} rejects with. */
export function codeOf({ message, cause }: Error): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? message
}
