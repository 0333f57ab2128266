import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

/** docs/compatibility.md names every option that the types of pg and of mysql2 have, each with tests that exist and speak of it. */
const root = join(__dirname, '../..')
const page = readFileSync(join(root, 'docs/compatibility.md'), 'utf8')

interface Row {
  readonly names: readonly string[]
  /** Files that hold it. */
  readonly tests: readonly string[]
}

const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!)

function rowsOf(section: string): Row[] {
  const text = page.split(/^## /m).find((part) => part.startsWith(`${section}\n`))!
  const rows = [...text.matchAll(/^\| (?!option|-)(.*?) \|.*\| (.*?) \|$/gm)]
  return rows.map(([, names, tests]) => ({ names: quoted(names!), tests: quoted(tests!) }))
}

/** The members of an interface of a library's types. */
function membersOf(file: string, name: string): string[] {
  const source = readFileSync(join(root, 'node_modules', file), 'utf8')
  const body = new RegExp(`^export interface ${name}[^{]*\\{\\n(.*?)^\\}`, 'ms').exec(source)![1]!
  const indent = /^ +/m.exec(body)![0]
  return [...body.matchAll(new RegExp(`^${indent}(\\w+)\\??:`, 'gm'))].map(([, member]) => member!)
}

const connection = 'mysql2/typings/mysql/lib/Connection.d.ts'
const LIBRARIES = [
  {
    section: 'pg.Pool',
    folder: 'packages/pg-adapter/test',
    options: [...membersOf('@types/pg/index.d.ts', 'ClientConfig'), ...membersOf('@types/pg/index.d.ts', 'PoolConfig')],
    least: 30,
  },
  {
    section: 'mysql2',
    folder: 'packages/mysql2-adapter/test',
    options: [
      ...membersOf(connection, 'ConnectionOptions'),
      ...membersOf('mysql2/typings/mysql/lib/Pool.d.ts', 'PoolOptions'),
      ...membersOf('mysql2/typings/mysql/lib/PoolCluster.d.ts', 'PoolClusterOptions'),
    ],
    least: 55,
  },
]

describe.for(LIBRARIES)('$section', ({ section, folder, options, least }) => {
  const rows = rowsOf(section)
  const fileOf = (name: string): string => {
    if (name.includes('/')) return join(root, name)
    return name.endsWith('.ts') ? join(root, folder, name) : join(root, 'test/contract/behaviours', `${name}.ts`)
  }

  test('every option is listed', () => {
    expect(new Set(options).size).toBeGreaterThanOrEqual(least)
    const listed = new Set(rows.flatMap(({ names }) => names))
    expect([...new Set(options)].filter((option) => !listed.has(option))).toEqual([])
  })

  test('what is said to hold it exists', () => {
    const tests = rows.flatMap((row) => row.tests)
    expect(tests.length).toBeGreaterThan(10)
    expect(tests.filter((name) => !existsSync(fileOf(name)))).toEqual([])
  })

  test('and speaks of the option', () => {
    const silent = rows.flatMap(({ names, tests }) => {
      const files = tests.filter((name) => name.endsWith('.ts')).map((name) => readFileSync(fileOf(name), 'utf8'))
      if (files.length === 0) return []
      return names.filter((name) => options.includes(name) && !files.some((text) => new RegExp(`\\b${name}\\b`).test(text)))
    })
    expect(silent).toEqual([])
  })
})
