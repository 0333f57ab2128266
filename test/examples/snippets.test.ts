import { readdirSync, readFileSync } from 'node:fs'
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

it('shows every example of a library', () => {
  const files = readdirSync(join(root, 'examples/libraries'), { recursive: true, encoding: 'utf8' })
  const shown = files.filter((file) => file.endsWith('.ts')).map((file) => `examples/libraries/${file}`)
  const marked = shown.filter((file) => read(file).includes('// #region'))
  expect(marked.filter((file) => !snippets.some((snippet) => snippet.file === file))).toEqual([])
  expect(marked.length).toBeGreaterThan(7)
})

it('names the versions that are installed', () => {
  const rows = [...read('examples/README.md').matchAll(/^\| ([\w@/-]+) +\| (\d+\.\d+\.\d+\S*) +\|/gm)]
  expect(rows.length).toBeGreaterThan(7)
  for (const [, name, version] of rows) {
    const installed = JSON.parse(read(`node_modules/${name}/package.json`)) as { readonly version: string }
    expect([name, version]).toEqual([name, installed.version])
  }
})
