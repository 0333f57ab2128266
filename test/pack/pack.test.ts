import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asInstalled, installInto, PACKAGES, type Packed, packInto, run } from './packed'

/** What an app of ours has beside them, in the versions that this repository is tested with. */
const PEERS = [
  'pg',
  'mysql2',
  'knex',
  'generic-pool',
  'typeorm',
  '@nestjs/common',
  '@nestjs/core',
  'reflect-metadata',
  'rxjs',
  'typescript',
  '@types/node',
]
const NAMES = Object.values(PACKAGES)

let folder: string
let app: string
let packed: readonly Packed[]

const tarball = (name: string): string => join(folder, packed.find((each) => each.name === name)?.filename ?? 'not-packed')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasepool-pack-'))
  packed = await packInto(folder, Object.keys(PACKAGES))
  app = join(folder, 'app')
  await installInto(app, [...packed.map(({ filename }) => join(folder, filename)), ...PEERS.map(asInstalled)])
  await cp(join(__dirname, 'consumer'), app, { recursive: true })
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('packs every package', () => {
  expect(packed.map(({ name }) => name).sort()).toEqual([...NAMES].sort())
})

describe.for(NAMES)('%s', (name) => {
  const files = (): string[] => packed.find((each) => each.name === name)?.files.map(({ path }) => path) ?? []
  const isCommand = name === 'leasepool'

  test('holds what it should and nothing else', () => {
    const entry = isCommand ? ['dist/main.js'] : ['dist/index.js', 'dist/index.d.ts']
    expect(files()).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', ...entry]))
    expect(files().filter((path) => !/^(dist\/|src\/|(package\.json|README\.md|LICENSE)$)/.test(path))).toEqual([])
    expect(files().filter((path) => /\.(tsbuildinfo|test\.\w+)$/.test(path))).toEqual([])
  })

  test('holds no output of a source file that is gone, and the source of every map', async () => {
    const maps = files().filter((path) => path.endsWith('.map'))
    expect(maps).not.toEqual([])
    for (const path of maps) {
      const map = JSON.parse(await readFile(join(app, 'node_modules', name, path), 'utf8')) as { sources: string[] }
      expect(files()).toEqual(expect.arrayContaining(map.sources.map((source) => posix.join(posix.dirname(path), source))))
    }
  })

  test('passes publint', async () => {
    await run('publint', ['run', tarball(name), '--strict'], folder)
  })

  // The command has no module to import, so no types either.
  test.skipIf(isCommand)('has types that resolve for CommonJS and ES modules', async () => {
    await run('attw', [tarball(name), '--profile', 'node16', '--format', 'ascii', '--no-color'], folder)
  })
})

describe('an app that installed the packages', () => {
  const result = {
    notFunctions: [],
    isLeasedCredentials: true,
    isPgPool: true,
    pools: [7, 3, 2],
    dataSource: 'postgres',
    sql: 'select * from "item" where "id" = 7',
    mistyped: 'ERR_OPTION: Option "fixedCredentials.pasword": expected "password", got an unknown name',
  }

  test('type-checks with `strict` and without `skipLibCheck`', async () => {
    const options = { strict: true, module: 'nodenext', target: 'es2023', types: ['node'], skipLibCheck: false }
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['program.*'] }))
    await run(join(app, 'node_modules', '.bin', 'tsc'), [], app)
  })

  test.for(['cjs', 'mjs'])('runs as program.%s', async (extension) => {
    expect(JSON.parse(await run('node', [`program.${extension}`], app))).toEqual(result)
  })

  test('has one copy of each package', async () => {
    const tree = JSON.parse(await run('npm', ['ls', '--all', '--json'], app)) as { problems?: string[] }
    expect(tree.problems ?? []).toEqual([])
    const lock = await readFile(join(app, 'package-lock.json'), 'utf8')
    const places = Object.keys((JSON.parse(lock) as { packages: object }).packages)
    for (const name of [...NAMES, 'pg', 'mysql2', 'knex', 'generic-pool']) {
      expect(places.filter((place) => place.endsWith(`node_modules/${name}`))).toEqual([`node_modules/${name}`])
    }
  })
})
