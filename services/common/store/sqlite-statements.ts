import type { Database, Statement } from 'bun:sqlite'

/** What every search selects. */
export type Row = { readonly rev: number; readonly body: string }

type Bound = string | number | null
export type Statements = ((text: string) => Statement<Row, Bound[]>) & { readonly finalize: () => void }

/** Prepares each statement once, at most so many. `finalize` lets go of all: only then SQLite removes its WAL. */
export const cacheStatements = (db: Database, most = 256): Statements => {
  const kept = new Map<string, Statement<Row, Bound[]>>()
  const finalize = () => {
    for (const statement of kept.values()) statement.finalize()
    kept.clear()
  }
  const prepared = (text: string) => {
    const cached = kept.get(text)
    if (cached) return cached
    if (kept.size >= most) finalize()
    const made = db.prepare<Row, Bound[]>(text)
    kept.set(text, made)
    return made
  }
  return Object.assign(prepared, { finalize })
}
