import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LeasedCredentials } from '../../src/leased-credentials'
import { renderedFileCredentials, type RenderedFileCredentialsOptions } from '../../src/sources/rendered-file-credentials'
import { renderedFile } from '../../src/sources/rendered-file'
import { runWith } from '../support/bundle'
import { FakePool } from '../support/fake-pool'
import { eventually } from '../support/poll'

let folder: string
const started: LeasedCredentials[] = []
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'leasepool-rendered-'))))
afterEach(async () => {
  await Promise.all(started.splice(0).map((credentials) => credentials.close()))
  rmSync(folder, { recursive: true, force: true })
})

const login = (n: number | string, password: number | string = n): string =>
  JSON.stringify({ username: `user-${n}`, password: `password-${password}` })
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text)
/** As careful writers do. */
const replace = (name: string, text: string): void => {
  write(`.${name}.tmp`, text)
  renameSync(join(folder, `.${name}.tmp`), join(folder, name))
}

async function start(options: Partial<RenderedFileCredentialsOptions> = {}) {
  const path = join(folder, 'login.json')
  const credentials = await renderedFileCredentials({
    path,
    ...(options.parse === undefined ? { format: 'json' as const } : {}),
    settleMs: 5,
    startTimeoutMs: 2_000,
    ...options,
  })
  started.push(credentials)
  const pool = new FakePool('a')
  credentials.attach(pool)
  const told: string[] = []
  credentials.on('rotated', ({ reason, username }) => told.push(`${reason} ${username}`))
  credentials.on('sourceCheckFailed', ({ cause }) => told.push(`failed ${(cause as { reason: string }).reason}`))
  credentials.on('sourceChecked', () => told.push('checked'))
  return { credentials, pool, told }
}

const both = ({ credentials }: { credentials: LeasedCredentials }): string =>
  `${credentials.current().username} ${credentials.current().password}`

describe('the first login', () => {
  it('is there at the start', async () => {
    write('login.json', login(1))
    const app = await start()
    expect(both(app)).toBe('user-1 password-1')
    expect(app.credentials.status()).toMatchObject({ source: `file ${join(folder, 'login.json')}`, endsInMs: undefined })
  })

  it('is waited for while nobody has written it, or only half', async () => {
    write('login.json', login(1).slice(0, -5))
    const starting = start({ startTimeoutMs: 10_000 })
    write('login.json', login(1))
    expect(both(await starting)).toBe('user-1 password-1')
  })

  it.each([
    ['nothing', undefined, 'unreadable', 'ENOENT'],
    ['half of it', login('x').slice(0, -3), 'unparsable', 'not a JSON object'],
    ['no password', '{"username":"user-x"}', 'incomplete', '"password" is missing'],
    ['an empty one', '{"username":"user-x","password":""}', 'incomplete', '"password" is empty'],
    ['a number', '{"username":"user-x","password":123456}', 'incomplete', '"password" is not a text'],
    ['something else', `{"username":"user-x","password":"x"}${' '.repeat(1_048_576)}`, 'unparsable', 'longer than'],
    ['no text', Buffer.from([0x7b, 0xff, 0x7d]), 'unparsable', 'not UTF-8'],
  ])('%s ends in an error that says so', async (_, text, reason, problem) => {
    if (text !== undefined) writeFileSync(join(folder, 'login.json'), text)
    const error: unknown = await start({ startTimeoutMs: 1_000 }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_START_TIMEOUT', cause: { code: 'ERR_RENDERED_FILE', reason } })
    expect(String(error)).toContain(problem)
    expect(String(error)).not.toMatch(/user-x|123456/)
  })

  it('is found by a function of the app, whose errors are not passed on', async () => {
    write('login.json', 'user-1/password-1')
    const parse = (text: string) => {
      const [username = '', password = ''] = text.split('/')
      if (password === '') throw new Error(`cannot read ${text}`)
      return { username, password }
    }
    const app = await start({ parse })
    expect(both(app)).toBe('user-1 password-1')
    write('login.json', 'a-secret')
    await eventually(() => app.told.includes('failed unparsable'))
    const failed: unknown[] = []
    app.credentials.on('sourceCheckFailed', ({ cause }) => failed.push(cause))
    await eventually(() => failed.length > 0)
    expect(String(failed[0])).not.toContain('a-secret')
    expect((failed[0] as Error).cause).toBeUndefined()
  })
})

describe('a file that changes', () => {
  it('leads to a rotation: with other connections for another user, on the same for another password', async () => {
    write('login.json', login(1))
    const app = await start()
    replace('login.json', login(2))
    await eventually(() => both(app) === 'user-2 password-2')
    expect(app.pool.keptOlder).toBe(false)
    replace('login.json', login(2, 3))
    await eventually(() => both(app) === 'user-2 password-3')
    expect(app.pool.keptOlder).toBe(true)
    expect(app.told).toEqual(['source-changed user-2', 'source-changed user-2'])
  })

  it('replaces connections for another password, too, when told to', async () => {
    write('login.json', login(1))
    const app = await start({ replaceConnections: true })
    replace('login.json', login(1, 2))
    await eventually(() => both(app) === 'user-1 password-2')
    expect(app.pool.keptOlder).toBe(false)
  })

  it('is nothing new while the login in it is the same', async () => {
    write('login.json', login(1))
    const app = await start({ lookEveryMs: 10 })
    replace('login.json', `${login(1)}\n`)
    replace('login.json', `  ${login(1)}`)
    replace('login.json', login(2))
    await eventually(() => both(app) === 'user-2 password-2')
    expect(app.told).toEqual(['source-changed user-2'])
  })

  it('is kept out while it is wrong; the old login serves on, and health says so until it is right again', async () => {
    write('login.json', login(1))
    const app = await start()
    write('login.json', login(2).slice(0, -4))
    await eventually(() => app.told.length > 0)
    expect(both(app)).toBe('user-1 password-1')
    expect(app.credentials.status().health).toEqual({ state: 'degraded', reasons: ['source-failing'] })
    replace('login.json', login(1))
    await eventually(() => app.told.at(-1) === 'checked')
    unlinkSync(join(folder, 'login.json'))
    await eventually(() => app.told.at(-1) === 'failed unreadable')
    replace('login.json', login(2))
    await eventually(() => both(app) === 'user-2 password-2')
    expect(app.credentials.status().health.state).toBe('healthy')
    expect(new Set(app.told)).toEqual(new Set(['failed unparsable', 'checked', 'failed unreadable', 'source-changed user-2']))
  })

  it('is not promoted when its login does not work; the one of before serves on until there is a better one', async () => {
    write('login.json', login(1))
    const app = await start({ probeTimeoutMs: 50 })
    app.pool.onProbe = ({ username }) => {
      if (username === 'user-2') throw new Error('password authentication failed')
      return 'logged-in'
    }
    const failed: unknown[] = []
    app.credentials.on('rotationFailed', (event) => failed.push(event))
    replace('login.json', login(2))
    await eventually(() => failed.length > 0)
    expect(both(app)).toBe('user-1 password-1')
    replace('login.json', login(3))
    await eventually(() => both(app) === 'user-3 password-3')
  })

  it('is noticed without the help of the system, by looking', async () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'login.json'), login(1))
    symlinkSync(join(elsewhere, 'login.json'), join(folder, 'login.json'))
    const app = await start({ lookEveryMs: 20 })
    writeFileSync(join(elsewhere, 'login.json'), login(2))
    await eventually(() => both(app) === 'user-2 password-2')
  })

  it('is noticed at once at SIGHUP, which otherwise ends the process as ever', async () => {
    const elsewhere = join(folder, 'elsewhere')
    mkdirSync(elsewhere)
    writeFileSync(join(elsewhere, 'login.json'), login(1))
    symlinkSync(join(elsewhere, 'login.json'), join(folder, 'login.json'))
    const before = process.listenerCount('SIGHUP')
    const app = await start({ lookEveryMs: 3_600_000, reloadOnSighup: true })
    expect(process.listenerCount('SIGHUP')).toBe(before + 1)
    writeFileSync(join(elsewhere, 'login.json'), login(2))
    process.kill(process.pid, 'SIGHUP')
    await eventually(() => both(app) === 'user-2 password-2')
    await app.credentials.close()
    expect(process.listenerCount('SIGHUP')).toBe(before)
    await start()
    expect(process.listenerCount('SIGHUP')).toBe(before)
  })
})

describe('a folder', () => {
  const put = (version: string, user: string, password: string): void => {
    const data = join(folder, 'creds', version)
    mkdirSync(data, { recursive: true })
    writeFileSync(join(data, 'username'), `${user}\n`)
    writeFileSync(join(data, 'password'), password)
    symlinkSync(version, join(folder, 'creds', '..data_tmp'))
    renameSync(join(folder, 'creds', '..data_tmp'), join(folder, 'creds', '..data'))
  }

  it('is followed as Kubernetes replaces it, user and password always of the same version', async () => {
    put('..1', 'user-1', 'password-1')
    for (const key of ['username', 'password']) symlinkSync(join('..data', key), join(folder, 'creds', key))
    const app = await start({ path: join(folder, 'creds'), format: 'folder' })
    const seen = [both(app)]
    app.credentials.on('rotated', () => seen.push(both(app)))
    for (let version = 2; version <= 60; version++) {
      put(`..${version}`, `user-${version}`, `password-${version}`)
      rmSync(join(folder, 'creds', `..${version - 1}`), { recursive: true })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually(() => both(app) === 'user-60 password-60')
    for (const one of seen) expect(one).toMatch(/^user-(\d+) password-\1$/)
  })

  it('may be plain, with names of one’s own', async () => {
    mkdirSync(join(folder, 'plain'))
    write('plain/db-user', 'user-1')
    write('plain/db-pass', ' password-1 \n')
    const options = { path: join(folder, 'plain'), format: 'folder', usernameKey: 'db-user', passwordKey: 'db-pass' } as const
    const app = await start(options)
    expect(both(app)).toBe('user-1  password-1 ')
    write('plain/db-pass', 'password-2')
    await eventually(() => both(app) === 'user-1 password-2')
  })
})

describe('formats', () => {
  it.each([
    ['env', 'DB_USERNAME=user-1\nDB_PASSWORD="password-1"\n', {}],
    ['env', 'export PGUSER=user-1\nexport PGPASSWORD=password-1\n', { usernameKey: 'PGUSER', passwordKey: 'PGPASSWORD' }],
    ['yaml', 'username: user-1\npassword: password-1\n', {}],
    ['properties', 'spring.datasource.username=user-1\nspring.datasource.password=password-1\n', spring()],
    ['json', login(1), {}],
  ] as const)('%s', async (format, text, keys) => {
    write('login', text)
    expect(both(await start({ path: join(folder, 'login'), format, ...keys }))).toBe('user-1 password-1')
  })

  function spring() {
    return { usernameKey: 'spring.datasource.username', passwordKey: 'spring.datasource.password' }
  }
})

describe('options', () => {
  it.each<[object, string]>([
    [{ format: 'json' }, 'path'],
    [{ path: 'x' }, 'format'],
    [{ path: 'x', format: 'xml' }, 'format'],
    [{ path: 'x', format: 'json', parse: () => ({}) }, 'format'],
    [{ path: 'x', parse: 'json' }, 'parse'],
    [{ path: 'x', parse: () => ({}), passwordKey: 'p' }, 'usernameKey'],
    [{ path: 'x', format: 'folder', passwordKey: '../p' }, 'passwordKey'],
    [{ path: 'x', format: 'json', lookEveryMs: 0 }, 'lookEveryMs'],
    [{ path: 'x', format: 'json', reloadOnSighup: 1 }, 'reloadOnSighup'],
    [{ path: 'x', format: 'json', pollMs: 1 }, 'pollMs'],
  ])('%j names what is wrong', async (options, name) => {
    expect(() => renderedFile(options as never)).toThrow(
      expect.objectContaining({ code: 'ERR_OPTION', option: `renderedFile.${name}` }),
    )
    await expect(renderedFileCredentials(options as never)).rejects.toMatchObject({
      code: 'ERR_OPTION',
      option: `renderedFileCredentials.${name}`,
    })
  })
})

it('does not keep the process alive', async () => {
  write('login.json', login(1))
  const script = `leasepool.renderedFileCredentials({ path: ${JSON.stringify(join(folder, 'login.json'))}, format: 'json' }).then((c) => console.log(c.current().username))`
  expect(await runWith('index.ts', script)).toBe('user-1\n')
})
