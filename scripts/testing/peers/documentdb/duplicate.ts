import { BSON } from 'mongodb'
import type { Doc } from './document.ts'

/** What MongoDB says about a duplicate key (11000), put together from what the engine and the command know. Pure. */

/** The index that the engine's message names. */
export const indexIn = (message: string): string | undefined => /Index '(.*)'/.exec(message)?.[1]

const valueAt = (document: Doc, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>(
      (value, name) => (typeof value === 'object' && value !== null ? (value as Doc)[name] : undefined),
      document,
    ) ?? null

/** `document` is the one that was refused, when it is known; then the error says which values were there already. */
export const duplicateError = (
  namespace: string,
  index: { readonly name: string; readonly key: Doc },
  document: Doc | undefined,
): Doc => {
  const says = `E11000 duplicate key error collection: ${namespace} index: ${index.name}`
  if (document === undefined) return { errmsg: says, keyPattern: index.key }
  const keyValue = Object.fromEntries(Object.keys(index.key).map((path) => [path, valueAt(document, path)]))
  return {
    errmsg: `${says} dup key: ${BSON.EJSON.stringify(keyValue)}`,
    keyPattern: index.key,
    keyValue,
  }
}
