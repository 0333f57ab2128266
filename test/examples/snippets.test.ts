import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(__dirname, '..', '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const pages = ['README.md', ...['docs', 'packages', 'examples'].flatMap(pagesIn)]

function pagesIn(folder: string): string[] {
  const inside = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return inside.filter((path) => path.endsWith('.md') && !path.includes('node_modules')).map((path) => join(folder, path))
}

/** `<!-- examples/… -->` before a piece of code says which file it is from. */
const snippets = pages.flatMap((page) =>
  [...read(page).matchAll(/<!-- (examples\/\S+\.ts) -->\n\n```ts\n([\s\S]*?)```/g)].map(([, file, code]) => ({
    page,
    file: file!,
    code,
  })),
)

/** The whole file, or what stands in it between `// #region` and `// #endregion`, as far to the left as that goes. */
function shownOf(file: string): string {
  const regions = [...read(file).matchAll(/^( *)\/\/ #region\n([\s\S]*?)^ *\/\/ #endregion\n/gm)]
  if (regions.length === 0) return read(file)
  return regions.map(([, indent, text]) => text!.replaceAll(new RegExp(`^${indent}`, 'gm'), '')).join('\n')
}

it.each(snippets)('$page shows $file as it is', ({ file, code }) => {
  expect(code).toBe(shownOf(file))
})

const LIBRARIES = ['libraries', 'newer-libraries']

it.each(LIBRARIES)('shows every example of %s', (folder) => {
  const files = readdirSync(join(root, 'examples', folder), { recursive: true, encoding: 'utf8' })
  const own = files.filter((file) => file.endsWith('.ts') && !/node_modules|generated/.test(file))
  const marked = own.map((file) => `examples/${folder}/${file}`).filter((file) => read(file).includes('// #region'))
  expect(marked.filter((file) => !snippets.some((snippet) => snippet.file === file))).toEqual([])
  expect(marked.length).toBeGreaterThan(7)
})

it.each(LIBRARIES)('names the versions that %s gets', (folder) => {
  const tables = read('examples/README.md').split('### On a newer Node.js')
  const rows = [...tables[LIBRARIES.indexOf(folder)]!.matchAll(/^\| ([\w@/-]+) +\| (\d+\.\d+\.\d+\S*) +\|/gm)]
  expect(rows.length).toBeGreaterThan(folder === 'libraries' ? 7 : 5)
  for (const [, name, version] of rows) expect([name, version]).toEqual([name, installed(folder, name!)])
})

/** Of the folder's own copy, or else the root's. */
function installed(folder: string, name: string): string {
  const copies = [`examples/${folder}/node_modules/${name}`, `node_modules/${name}`]
  const copy = copies.find((path) => existsSync(join(root, path)))!
  return (JSON.parse(read(`${copy}/package.json`)) as { readonly version: string }).version
}
