import fc from 'fast-check'

/** What an app does with one table, one thing after the other. Ids are the program's own, so that each run begins alike. */
export type Step =
  | { readonly do: 'insert' | 'update'; readonly id: number; readonly label: string }
  | { readonly do: 'delete' | 'find'; readonly id: number }
  | { readonly do: 'list' }
  | { readonly do: 'page'; readonly after: number; readonly limit: number }
  | { readonly do: 'raw'; readonly value: number }
  | { readonly do: 'fail'; readonly how: (typeof FAILURES)[number] }
  /** Reads so many rows, and goes. */
  | { readonly do: 'stream'; readonly rows: number }
  | { readonly do: 'transaction'; readonly steps: readonly Step[]; readonly end: 'commit' | 'throw' }
  /** Of the credential; nothing where there is none. */
  | { readonly do: 'rotate'; readonly waits: boolean }

export const FAILURES = ['unknown column', 'unknown table', 'no SQL', 'no null'] as const

/** Steps of several who work at the same time, each on a table of its own: what each sees is certain all the same. */
export type Program = readonly (readonly Step[])[]

export const LANES = 3

const id = fc.integer({ min: 1, max: 6 })
const label = fc.constantFrom('', 'a', 'Zoë', `it's "quoted"`, 'x'.repeat(200), '🦀')

const simple: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('insert' as const), id, label }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('update' as const), id, label }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('delete' as const, 'find' as const), id }) },
  { weight: 3, arbitrary: fc.constant({ do: 'list' } as const) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('page' as const), after: id, limit: id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('raw' as const), value: fc.integer({ min: -5, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), how: fc.constantFrom(...FAILURES) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stream' as const), rows: fc.constantFrom(1, 3, 300) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('rotate' as const), waits: fc.boolean() }) },
)

const transaction = (steps: fc.Arbitrary<Step>): fc.Arbitrary<Step> =>
  fc.record({
    do: fc.constant('transaction' as const),
    steps: fc.array(steps, { maxLength: 5 }),
    end: fc.constantFrom('commit' as const, 'commit' as const, 'throw' as const),
  })

const step = fc.oneof(
  { weight: 4, arbitrary: simple },
  {
    weight: 1,
    arbitrary: transaction(fc.oneof({ weight: 5, arbitrary: simple }, { weight: 1, arbitrary: transaction(simple) })),
  },
)

export const program: fc.Arbitrary<Program> = fc.array(fc.array(step, { minLength: 1, maxLength: 10 }), {
  minLength: LANES,
  maxLength: LANES,
})
