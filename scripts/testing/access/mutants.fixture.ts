import table from './mutants.json' with { type: 'json' }

/** One planted fault of authorisation: in `file`, the one place that says `find` says `put`. One of `tests` must fail of it. */
export type Mutant = {
  readonly what: string
  readonly file: string
  readonly find: string
  readonly put: string
  readonly tests: readonly string[]
}

/** Planted faults, each of which somebody could make by mistake. */
export const mutants: readonly Mutant[] = table.flatMap(({ file, tests, faults }) =>
  faults.map((fault) => ({ file, tests, ...fault })),
)
