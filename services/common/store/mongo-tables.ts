import type { Db } from 'mongodb'
import { declaredTwice } from './faults.ts'
import { ensureMongo } from './mongo-schema.ts'
import type { Shape } from './shape.ts'

type Table = { readonly declared: string; readonly ready: Promise<void>; isMade: boolean }

/** The collections of a store that are what the code declares, each made once. */
export type MongoTables = {
  /** Makes it what is declared, once; tried again when that failed. Throws Fault invalid `bad-declaration`. */
  readonly ensure: (shape: Shape, declared: string) => Promise<void>
  /** True once it was made. */
  readonly isMade: (shape: Shape) => boolean
}

/** `prefix` stands before the name of each collection in the database. */
export const mongoTables = (db: Db, prefix: string): MongoTables => {
  const tables = new Map<string, Table>()
  return {
    isMade: ({ name }) => tables.get(name)?.isMade === true,
    ensure: (shape, declared) => {
      const table = tables.get(shape.name)
      if (table && table.declared !== declared) throw declaredTwice(shape)
      if (table) return table.ready
      const made: Table = { declared, ready: ensureMongo(db, `${prefix}${shape.name}`, shape), isMade: false }
      tables.set(shape.name, made)
      made.ready.then(
        () => {
          made.isMade = true
        },
        () => tables.delete(shape.name),
      )
      return made.ready
    },
  }
}
