import { CHUNK_ANCHORED, SESSION_REGISTERED } from '#common/evidence/anchors-abi'
import { sessionIdBytes32 } from '#common/evidence/session-id'
import type { SourceBlock } from './event.ts'
import type { ReadBlocks } from './follower.ts'

/** Test data, not a ledger: linked blocks with the events that a test names, served as the ledger's pages are. */
export const CONTRACT = '6c756369642d616e63686f727300000000000000'

/** A session id that differs by `n`. */
export const session = (n: number): string => `0b0e7a52-2a4e-4f4b-9d3a-${n.toString(16).padStart(12, '0')}`

const word = (value: string | number): string => value.toString(16).padStart(64, '0')
const hash = (...parts: readonly unknown[]): string =>
  new Bun.CryptoHasher('sha256').update(JSON.stringify(parts)).digest('hex')

export const OWNER = '11'.repeat(20)

/** A SessionRegistered log of session `n`. */
export const registered = (n: number, owner: string = OWNER) => ({
  address: CONTRACT,
  topics: [SESSION_REGISTERED, sessionIdBytes32(session(n)), owner.padStart(64, '0')],
  data: hash('manifest', n) + word(1_700_000_000_000 + n) + hash('root', n) + word(n + 1),
})

/** A ChunkAnchored log of session `n`. */
export const chunkAnchored = (n: number, index: number) => ({
  address: CONTRACT,
  topics: [CHUNK_ANCHORED, sessionIdBytes32(session(n)), word(index)],
  data: hash('leaf', n, index),
})

type Event = { readonly address: string; readonly topics: readonly string[]; readonly data: string }

/** Linked blocks, one a list of events, each event in a transaction of its own. `seed` makes another history. */
export const chainOf = (contents: readonly (readonly Event[])[], seed = 'main'): readonly SourceBlock[] => {
  let parent = '00'.repeat(32)
  return contents.map((events, number) => {
    const parent_hash = parent
    parent = hash(seed, number, parent_hash)
    return {
      number,
      hash: parent,
      parent_hash,
      header_rlp: hash('header', parent),
      sealer: { public_key: hash(seed, 'key'), signature: hash('signature', parent).repeat(2) },
      receipts: events.map((event, log_index) => ({
        tx_hash: hash(seed, 'tx', number, log_index),
        status: 1 as const,
        logs: [{ ...event, log_index }],
      })),
    }
  })
}

/** Pages over blocks that a test may replace. */
export const served = (chain: { blocks: readonly SourceBlock[] }): ReadBlocks => {
  return async (from, limit) => ({
    blocks: chain.blocks.slice(from, from + limit),
    head: { number: chain.blocks.length - 1 },
  })
}
