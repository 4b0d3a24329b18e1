import type { Import } from './imports.ts'

/** One row of the import table: which files it is about, and what they may not load. */
export type Rule = {
  readonly name: string
  /** Files it is about, as paths from the root. */
  readonly from: RegExp
  /** Targets that are forbidden: paths from the root, or names of packages. */
  readonly never?: RegExp
  /** Of these, what may be imported all the same where it is a type alone. */
  readonly typesOf?: RegExp
  /** Type imports couple but do not load; a rule about what is loaded leaves them out. */
  readonly kinds: 'run' | 'both'
  /** What may not stand in the code, on top of imports. */
  readonly uses?: RegExp
  /** Whether tests, fixtures and what stands under `testing/` keep the rule too. */
  readonly tests: 'too' | 'exempt'
  readonly why: string
}

/** Rooms from low to high: a file imports its own room and lower ones. */
export type Order = {
  readonly name: string
  /** The room of a path; undefined when the order is not about it. A room that is not listed is a breach. */
  readonly roomOf: (path: string) => string | undefined
  readonly rooms: readonly string[]
  readonly why: string
}

/** A breach that is allowed, with its reason. Without `to` it is all that the rule says of the file. */
export type Exception = { readonly rule: string; readonly file: string; readonly to?: string; readonly why: string }

/** Tests, and what only they load. */
export const isTest = (path: string): boolean =>
  /(?:\.test|\.fixture|\/fixture(?:-[^/]*)?)\.ts$|(?:^|\/)testing\//.test(path)

export const isExcepted = (
  exceptions: readonly Exception[],
  rule: string,
  { from, to }: Pick<Import, 'from'> & { readonly to?: string },
): boolean =>
  exceptions.some((one) => one.rule === rule && one.file === from && (one.to === undefined || one.to === to))
