import { BSON } from 'mongodb'

/**
 * BSON documents as bytes (bsonspec.org), taken apart at their top level without decoding what is inside:
 * what a client sent reaches the engine as it was. Pure.
 */

/** One element of a document: `bytes` is all of it, type and name included. */
export type Field = {
  readonly name: string
  readonly type: number
  readonly bytes: Uint8Array
  readonly value: Uint8Array
}

/** A decoded document. */
export type Doc = Readonly<Record<string, unknown>>

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const cString = (bytes: Uint8Array, from: number): number => {
  const end = bytes.indexOf(0, from)
  if (end === -1) throw new RangeError('a document with a name that does not end')
  return end + 1
}

const int32 = (bytes: Uint8Array, at: number): number => view(bytes).getInt32(at, true)

/** Lengths of values by type: a number of bytes, or how to find it. */
const fixed: Readonly<Record<number, number>> = {
  1: 8,
  6: 0,
  7: 12,
  8: 1,
  9: 8,
  10: 0,
  16: 4,
  17: 8,
  18: 8,
  19: 16,
  127: 0,
  255: 0,
}

/** Types whose value begins with its own length, and what is added to that. */
const prefixed: Readonly<Record<number, number>> = {
  2: 4,
  3: 0,
  4: 0,
  5: 5,
  12: 16,
  13: 4,
  14: 4,
  15: 0,
}

const lengthOf = (type: number, bytes: Uint8Array, at: number): number => {
  const known = fixed[type]
  if (known !== undefined) return known
  const more = prefixed[type]
  if (more !== undefined) return int32(bytes, at) + more
  if (type === 0x0b) return cString(bytes, cString(bytes, at)) - at
  throw new RangeError(`a document with an element of the unknown type ${type}`)
}

/** The elements of a document, in order. Throws RangeError for bytes that are none. */
export const fieldsOf = (document: Uint8Array): readonly Field[] => {
  if (document.length < 5 || int32(document, 0) !== document.length || document.at(-1) !== 0)
    throw new RangeError('not a document')
  const fields: Field[] = []
  const end = document.length - 1
  for (let at = 4; at < end; ) {
    const type = document[at] ?? 0
    const from = cString(document, at + 1)
    const to = from + lengthOf(type, document, from)
    if (to > end || to < from) throw new RangeError('a document with an element that does not end')
    const name = Buffer.from(document.subarray(at + 1, from - 1)).toString('utf8')
    fields.push({ name, type, bytes: document.subarray(at, to), value: document.subarray(from, to) })
    at = to
  }
  return fields
}

/** A document of such elements. */
export const documentOf = (elements: readonly Uint8Array[]): Buffer => {
  const length = elements.reduce((sum, { length }) => sum + length, 5)
  const head = Buffer.alloc(4)
  head.writeInt32LE(length)
  return Buffer.concat([head, ...elements, Buffer.alloc(1)], length)
}

/** The documents that lie end to end in a section of a message. Throws RangeError when one is cut off. */
export const documentsIn = (bytes: Uint8Array): readonly Uint8Array[] => {
  const documents: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = at + 4 <= bytes.length ? int32(bytes, at) : 0
    if (length < 5 || at + length > bytes.length)
      throw new RangeError('a section with a document that is cut off')
    documents.push(bytes.subarray(at, at + length))
    at += length
  }
  return documents
}

/** An element that is an array of documents. */
export const arrayElement = (name: string, documents: readonly Uint8Array[]): Buffer =>
  Buffer.concat([
    Buffer.from(`\x04${name}\0`),
    documentOf(documents.flatMap((one, index) => [Buffer.from(`\x03${index}\0`), one])),
  ])

/** Reads a whole document. Numbers and bytes become JavaScript's own. */
export const decode = (document: Uint8Array): Doc =>
  BSON.deserialize(document, { promoteBuffers: true, bsonRegExp: true, useBigInt64: false })

/** Reads it with every value in its own BSON type, so that it is written again as it was. */
export const decodeExactly = (document: Uint8Array): Doc =>
  BSON.deserialize(document, {
    promoteValues: false,
    promoteLongs: false,
    promoteBuffers: false,
    bsonRegExp: true,
  })

export const encode = (document: Doc): Buffer =>
  Buffer.from(BSON.serialize(document, { ignoreUndefined: true }))
