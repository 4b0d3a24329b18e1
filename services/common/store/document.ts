import { Fault } from '../process/fault.ts'
import type { Shape } from './shape.ts'

/** Most bytes of a document as JSON: MongoDB takes 16 MiB of BSON, which is larger than JSON for some contents. */
export const DOCUMENT_BYTES = 12 * 1024 * 1024

const bad = (shape: Shape, what: string) => new Fault('invalid', 'bad-value', `${shape.name}: ${what}`)

const sound = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

/** Texts may hold a NUL, names may not: in BSON it ends them. */
const checkUnicode = (shape: Shape, value: unknown): void => {
  if (typeof value === 'string' && !value.isWellFormed()) throw bad(shape, 'a text is broken Unicode')
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value) && !Object.keys(value).every(sound))
    throw bad(shape, 'a field name holds a NUL or broken Unicode')
  for (const each of Object.values(value)) checkUnicode(shape, each)
}

/** JSON writes these as escapes. A text may spell one out, so a match proves nothing yet. */
const suspicious = /\\u(?:0000|d[89a-f])/

/** Names at the top are BSON paths and column names. */
const path = /^[^.$][^.]*$/

/**
 * A document as JSON, without `rev`, which belongs to the store. Every driver refuses the same things, so that
 * what one of them took fits the other: broken Unicode, and field names that BSON cannot hold. Throws Fault
 * invalid `bad-value`, too-large `document-too-large`.
 */
export const documentText = (shape: Shape, doc: object): string => {
  const { rev: _, ...content }: { readonly rev?: unknown } = doc
  for (const name of Object.keys(content))
    if (name === '_id' || !path.test(name)) throw bad(shape, `a document cannot have a field ${JSON.stringify(name)}`)
  const text = JSON.stringify(content)
  if (suspicious.test(text)) checkUnicode(shape, JSON.parse(text))
  if (text.length > DOCUMENT_BYTES / 3 && Buffer.byteLength(text) > DOCUMENT_BYTES)
    throw new Fault(
      'too-large',
      'document-too-large',
      `a ${shape.name} document may have ${DOCUMENT_BYTES} bytes at most`,
    )
  return text
}
