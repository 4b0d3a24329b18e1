import { describe, expect, test } from 'bun:test'
import { createMPT } from '@ethereumjs/mpt'
import { type BatchDBOp, type DB, ValueEncoding } from '@ethereumjs/util'
import { keccak_256 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { toHex } from '#common/stream/bytes'
import { reachable } from './reachable.ts'
import { recent } from './recent.ts'

const mapDb = (values: Map<string, Uint8Array>): DB<string, Uint8Array> => {
  const db: DB<string, Uint8Array> = {
    get: async (key) => values.get(key),
    put: async (key, value) => void values.set(key, value),
    del: async () => {},
    batch: async (operations: BatchDBOp<string, Uint8Array>[]) => {
      for (const one of operations) if (one.type === 'put') values.set(one.key, one.value)
    },
    shallowCopy: () => db,
    open: async () => {},
  }
  return db
}

const entries = fc.array(
  fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 4 }), fc.uint8Array({ minLength: 1, maxLength: 80 })),
  { minLength: 1, maxLength: 40 },
)

describe('the nodes that are kept', () => {
  test('are enough to read the whole trie, and none is kept that nothing needs', async () => {
    await fc.assert(
      fc.asyncProperty(entries, async (pairs) => {
        const all = new Map<string, Uint8Array>()
        const trie = await createMPT({ db: mapDb(all), useKeyHashing: true, valueEncoding: ValueEncoding.Bytes })
        for (const [key, value] of pairs) await trie.put(key, value)
        const kept = new Map(reachable(all, toHex(trie.root())))
        const again = await createMPT({
          db: mapDb(kept),
          root: trie.root(),
          useKeyHashing: true,
          valueEncoding: ValueEncoding.Bytes,
        })
        for (const [key] of pairs) expect(await again.get(key)).toEqual(await trie.get(key))
        expect(kept.size).toBeLessThanOrEqual(2 * new Set(pairs.map(([key]) => toHex(key))).size)
      }),
      { numRuns: 50 },
    )
  })

  test('leave out the versions that the trie went through, and keep contract code', async () => {
    const all = new Map<string, Uint8Array>()
    const trie = await createMPT({ db: mapDb(all), useKeyHashing: true, valueEncoding: ValueEncoding.Bytes })
    for (let n = 0; n < 50; n++) await trie.put(Uint8Array.of(n), new Uint8Array(40).fill(n))
    all.set(`63${toHex(keccak_256(Uint8Array.of(1)))}`, Uint8Array.of(1))
    const kept = reachable(all, toHex(trie.root()))
    expect(kept.size).toBeLessThan(all.size / 2)
    expect([...kept.keys()].filter((key) => key.length === 66)).toHaveLength(1)
  })
})

describe('recent values', () => {
  test('stay below the limit, and the least recently used go first', () => {
    const cache = recent(33)
    const value = new Uint8Array(10)
    cache.set('a', value)
    cache.set('b', value)
    cache.set('c', value)
    expect(cache.get('a')).toBe(value)
    cache.set('d', value)
    expect([cache.get('b'), cache.get('a'), cache.bytes()]).toEqual([undefined, value, 33])
    cache.set('a', new Uint8Array(1))
    expect(cache.bytes()).toBe(24)
  })
})
