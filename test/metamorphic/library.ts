import type { FAILURES } from './program'

/** How an app says things in one library, to a pool or in a transaction, which is a `Scope` too. */
export interface Library<Scope> {
  readonly root: Scope
  insert(scope: Scope, table: string, id: number, label: string): Promise<unknown>
  update(scope: Scope, table: string, id: number, label: string): Promise<unknown>
  delete(scope: Scope, table: string, id: number): Promise<unknown>
  find(scope: Scope, table: string, id: number): Promise<unknown>
  list(scope: Scope, table: string): Promise<unknown>
  page(scope: Scope, table: string, after: number, limit: number): Promise<unknown>
  /** One row with this number. */
  raw(scope: Scope, value: number): Promise<unknown>
  fail(scope: Scope, table: string, how: (typeof FAILURES)[number]): Promise<unknown>
  /** The first rows of it, by a stream. */
  stream(scope: Scope, table: string, rows: number): Promise<unknown>
  transaction(scope: Scope, work: (inner: Scope) => Promise<void>): Promise<void>
  empty(scope: Scope, table: string): Promise<unknown>
  end(): Promise<void>
}

/** The first so many of what a stream gives; the others are not read. */
export async function first(rows: number, stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const seen: unknown[] = []
  for await (const row of stream) if (seen.push(row) === rows) break
  return seen
}
