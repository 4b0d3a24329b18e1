import { expect, test } from 'bun:test'
import { blake3 } from '@noble/hashes/blake3.js'
import type { Doc, Stored } from '#common/store/store'
import { concat, u32be, utf8 } from '#common/stream/bytes'
import { contentHasher, documentBytes } from './content-hash.ts'
import vectors from './vectors/content-hash.json'

const tallyOf = (docs: readonly Stored<Doc>[]) => {
  const { add, tally } = contentHasher()
  for (const doc of docs) add(documentBytes(doc, 'c'))
  return tally()
}

test('collections hash as the vectors say', () => {
  expect(vectors.length).toBeGreaterThan(4)
  for (const { name, documents, canonical, bytes, hash } of vectors) {
    // Vectors are JSON text, so that what they say of numbers does not go through this file's own parser twice.
    const docs: Stored<Doc>[] = documents.map((text) => JSON.parse(text))
    expect({ name, canonical: docs.map((doc) => new TextDecoder().decode(documentBytes(doc, 'c'))) }).toEqual({
      name,
      canonical,
    })
    expect({ name, ...tallyOf(docs) }).toEqual({ name, documents: docs.length, bytes, hash })
  }
})

test('the hash is BLAKE3 over the length and the canonical JSON of each document', () => {
  const texts = ['{"id":"a","rev":1}', '{"id":"b","rev":2}']
  const whole = concat(...texts.flatMap((text) => [u32be(text.length), utf8(text)]))
  expect(tallyOf([{ id: 'a', rev: 1 }, { rev: 2, id: 'b' } as Stored<Doc>]).hash).toBe(blake3(whole).toHex())
})

test('order, revision, and the border between documents count', () => {
  const [a, b] = [
    { id: 'a', rev: 1 },
    { id: 'b', rev: 1 },
  ] as const
  const hashes = [[], [a], [b], [a, b], [b, a], [{ ...a, rev: 2 }, b], [a, b, b]].map((docs) => tallyOf(docs).hash)
  expect(new Set(hashes).size).toBe(hashes.length)
})

test('a tally can be looked at and goes on', () => {
  const { add, tally } = contentHasher()
  add(documentBytes({ id: 'a', rev: 1 }, 'c'))
  const first = tally()
  expect(tally()).toEqual(first)
  add(documentBytes({ id: 'b', rev: 1 }, 'c'))
  expect(tally()).toEqual(
    tallyOf([
      { id: 'a', rev: 1 },
      { id: 'b', rev: 1 },
    ] as Stored<Doc>[]),
  )
})
