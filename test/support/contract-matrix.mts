import type { ContractColumn } from './contract-column.ts'
import type { TestCase, TestModule, TestSuite } from 'vitest/node'

interface Column extends ContractColumn {
  readonly results: ReadonlyMap<string, string>
}

const SIGNS: Readonly<Record<string, string>> = { passed: '✓', failed: '✗' }
const NOT = '–'
const WIDEST = 110

/** Prints, after a run that held the contract, which behaviour was seen on which pool and server, and why not where it was not. */
export class ContractMatrix {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const columns = modules.flatMap((module) => [...module.children.allSuites()].flatMap(columnOf))
    if (columns.length > 0) console.log(matrixOf(columns))
  }
}

function columnOf(suite: TestSuite): Column[] {
  const { contract } = suite.meta()
  if (contract === undefined) return []
  const tests = [...suite.children.allTests()]
  const results = new Map(tests.map((test: TestCase) => [test.name, SIGNS[test.result().state] ?? ' ']))
  return [{ ...contract, results }]
}

function matrixOf(columns: readonly Column[]): string {
  const names = [...new Set(columns.flatMap(({ results, not }) => [...results.keys(), ...Object.keys(not)]))]
  const rows = names.map((name) => ({
    name,
    cells: columns.map(({ results, not }) => results.get(name) ?? (name in not ? NOT : ' ')),
  }))
  const tried = rows.filter(({ cells }) => cells.some((cell) => cell !== NOT && cell !== ' '))
  const width = Math.min(WIDEST, Math.max(...tried.map(({ name }) => name.length)))
  const row = (name: string, cells: readonly string[]): string =>
    `${name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width)}${cells.map((cell) => cell.padStart(3)).join('')}`
  const number = (index: number): string => String(index + 1)
  return [
    '',
    `The contract: ${tried.length} behaviours on ${columns.length} pools and servers`,
    ...columns.map(({ subject, server }, index) => `${number(index).padStart(3)}  ${subject} on ${server}`),
    row(
      '',
      columns.map((_, index) => number(index)),
    ),
    ...tried.map(({ name, cells }) => row(name, cells)),
    ...reasonsOf(columns),
    '',
  ].join('\n')
}

/** One line for each reason, with the columns and the number of behaviours that it holds for. */
function reasonsOf(columns: readonly Column[]): string[] {
  const said = new Map<string, { columns: Set<number>; names: Set<string> }>()
  for (const [index, { not }] of columns.entries()) {
    for (const [name, reason] of Object.entries(not)) {
      const one = said.get(reason) ?? { columns: new Set(), names: new Set() }
      said.set(reason, one)
      one.columns.add(index + 1)
      one.names.add(name)
    }
  }
  return [...said].map(
    ([reason, { columns: where, names }]) => `${NOT} in ${[...where].join(', ')}: ${reason} (${[...names].join('; ')})`,
  )
}
