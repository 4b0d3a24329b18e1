import { BSON } from 'mongodb'

/**
 * BSON documents as bytes (bsonspec.org), taken apart at their top level without decoding what is inside: what a
 * client sent reaches the engine as it was. Pure.
 */

/** One element of a document: `bytes` is all of it, type and name included. */
export type Field = { readonly name: string; readonly bytes: Uint8Array; readonly value: Uint8Array }

/** A decoded document. */
export type Doc = Readonly<Record<string, unknown>>

/** The elements of a document, in order. Throws BSONError for bytes that are none. */
export const parseFields = (document: Uint8Array): readonly Field[] =>
  Array.from(BSON.onDemand.parseToElements(document), ([, nameAt, nameLength, at, length]) => ({
    name: Buffer.from(document.subarray(nameAt, nameAt + nameLength)).toString('utf8'),
    bytes: document.subarray(nameAt - 1, at + length),
    value: document.subarray(at, at + length),
  }))

/** A document of such elements. */
export const buildDocument = (elements: readonly Uint8Array[]): Buffer => {
  const document = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.alloc(1)])
  document.writeInt32LE(document.length)
  return document
}

/** An element that is an array of the documents that lie end to end in `bytes`. Throws RangeError when one is cut off. */
export const buildArray = (name: string, bytes: Buffer): Buffer => {
  const elements: Buffer[] = []
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const length = bytes.readInt32LE(at)
    if (length < 5 || at + length > bytes.length) throw new RangeError('a document that is cut off')
    elements.push(Buffer.from(`\x03${index}\0`), bytes.subarray(at, at + length))
    at += length
  }
  return Buffer.concat([Buffer.from(`\x04${name}\0`), buildDocument(elements)])
}

/** Reads a whole document. Numbers and bytes become JavaScript's own. */
export const decode = (document: Uint8Array): Doc => BSON.deserialize(document, { promoteBuffers: true })

/** Reads it with every value in its own BSON type, so that it is written again as it was. */
export const decodeExactly = (document: Uint8Array): Doc =>
  BSON.deserialize(document, { promoteValues: false, bsonRegExp: true })

export const encode = (document: Doc): Buffer => Buffer.from(BSON.serialize(document, { ignoreUndefined: true }))
