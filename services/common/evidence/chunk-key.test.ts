import { expect, test } from 'bun:test'
import { blake2b } from '@noble/hashes/blake2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { isFault } from '../process/fault.ts'
import { fromHex, utf8 } from '../stream/bytes.ts'
import { faultOf } from '../testing/faults.ts'
import { chunkKey } from './chunk-key.ts'
import vectors from './vectors/chunk-key.json'

test('HKDF-BLAKE2b-512 gives the vector of the specification', () => {
  const { ikm, info, okm } = vectors.hkdf
  expect(hkdf(blake2b, fromHex(ikm), undefined, utf8(info), 32).toHex()).toBe(okm)
})

test('the chunk keys of a session are the recorded ones', () => {
  for (const { session_key, session_id, index, key } of vectors.keys)
    expect(chunkKey(fromHex(session_key), fromHex(session_id), index).toHex()).toBe(key)
})

test('every chunk and every session has a key of its own', () => {
  const [one, other] = [new Uint8Array(16), new Uint8Array(16).fill(1)]
  const keys = [0, 1, 256, 65536].flatMap((index) =>
    [one, other].map((id) => chunkKey(new Uint8Array(32), id, index).toHex()),
  )
  expect(new Set(keys).size).toBe(8)
})

test('wrong sizes are faults', async () => {
  expect(isFault(await faultOf(() => chunkKey(new Uint8Array(31), new Uint8Array(16), 0)), 'session-key-size')).toBe(
    true,
  )
  expect(isFault(await faultOf(() => chunkKey(new Uint8Array(32), new Uint8Array(15), 0)), 'session-id')).toBe(true)
  expect(isFault(await faultOf(() => chunkKey(new Uint8Array(32), new Uint8Array(16), -1)), 'u32-range')).toBe(true)
})
