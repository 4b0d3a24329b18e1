import type { Document } from 'mongodb'
import { documentText } from './document.ts'
import { checkScalar, readScalars, type Shape } from './shape.ts'
import type { Doc, Stored } from './store.ts'

/** A document as MongoDB keeps it: the id is its own, the rest lies beside it as it is. */
export type MongoDoc = Document & { readonly _id: string; readonly rev: number }

/** Through JSON as in every driver, so that what it drops is the same. Throws as `documentText`, `readScalars`. */
export const toMongo = (shape: Shape, doc: Doc, rev: number): MongoDoc => {
  readScalars(shape, doc)
  const { id, ...content } = JSON.parse(documentText(shape, doc))
  return { _id: id, rev, ...content }
}

export const fromMongo = ({ _id: id, rev, ...content }: MongoDoc): Stored<Doc> => ({ id, ...content, rev })

/** The fields that a claim sets. Throws Fault invalid `bad-value`. */
export const settings = (shape: Shape, set: Readonly<Record<string, unknown>>) => {
  for (const [field, value] of Object.entries(set))
    if (shape.fields.has(field) && (value !== null || shape.required.has(field))) checkScalar(shape, field, value)
  return JSON.parse(documentText(shape, set)) as Readonly<Record<string, unknown>>
}
