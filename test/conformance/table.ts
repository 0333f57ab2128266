import type { Case, ServerKind } from './case'

/** What became of a case on one server. */
export type Outcome = 'ok' | 'differs' | 'differs (known)'

/** Which case came out how on which server, for the table at the end. */
export class Outcomes {
  readonly #outcomes = new Map<string, Outcome>()

  set(id: string, server: ServerKind, outcome: Outcome): void {
    this.#outcomes.set(`${id} ${server}`, outcome)
  }

  /** A line per case, a column per server; a case that is not meant for a server says for which it is. */
  table(cases: readonly Case[], servers: readonly ServerKind[]): string {
    const rows = cases.map((row) => [row.id, ...servers.map((server) => this.#cell(row, server)), row.name])
    const all = [['case', ...servers, ''], ...rows]
    const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
    const lines = all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd()) // prettier-ignore
    return [...lines, ...servers.map((server) => this.#sum(cases, server))].join('\n')
  }

  #cell({ id, servers }: Case, server: ServerKind): string {
    if (servers?.includes(server) === false) return `only ${servers.map((name) => INITIALS[name]).join(' ')}`
    return this.#outcomes.get(`${id} ${server}`) ?? 'not run'
  }

  #sum(cases: readonly Case[], server: ServerKind): string {
    const counts = new Map<string, number>()
    for (const row of cases) {
      const cell = this.#cell(row, server)
      counts.set(cell, (counts.get(cell) ?? 0) + 1)
    }
    return `${server}: ${[...counts].map(([cell, count]) => `${count} ${cell}`).join(', ')}`
  }
}

const INITIALS: Record<ServerKind, string> = { vault: 'V', openbao: 'O', 'dev-vault': 'D' }
