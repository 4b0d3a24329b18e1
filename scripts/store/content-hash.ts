import { blake3 } from '@noble/hashes/blake3.js'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { isFault } from '#common/process/fault'
import type { Doc, Stored } from '#common/store/store'
import { u32be } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'

/** What a collection holds: `bytes` of canonical JSON, and the content hash in hex. */
export type Tally = { readonly documents: number; readonly bytes: number; readonly hash: string }

/** A document as RFC 8785 canonical JSON with its `rev`, whichever driver kept it. Throws CliError for one without. */
export const documentBytes = (doc: Stored<Doc>, collection: string): Uint8Array<ArrayBuffer> => {
  try {
    return canonicalBytes(doc)
  } catch (error) {
    if (!isFault(error, 'not-json')) throw error
    throw new CliError(`${collection}: the document ${JSON.stringify(doc.id)} holds what JSON cannot say`)
  }
}

/** Adds up documents in the order of their ids. The hash is BLAKE3 over u32be(length) and bytes of each. */
export type ContentHasher = { readonly add: (document: Uint8Array) => void; readonly tally: () => Tally }

/** A new one. Memory does not grow with what is added. */
export const contentHasher = (): ContentHasher => {
  const hash = blake3.create({})
  let documents = 0
  let bytes = 0
  return {
    add: (document) => {
      hash.update(u32be(document.length)).update(document)
      documents += 1
      bytes += document.length
    },
    tally: () => ({ documents, bytes, hash: hash.clone().digest().toHex() }),
  }
}
