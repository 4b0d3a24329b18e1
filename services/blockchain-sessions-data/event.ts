import { decodeChunkAnchored, decodeRegistered } from '#common/evidence/anchors-abi'
import type { Anchor } from '#common/http/chain-model'
import type { Chunk, Difference } from './model.ts'

/** The part of the ledger's block that the index reads. */
export type SourceBlock = {
  readonly number: number
  readonly hash: string
  readonly parent_hash: string
  readonly header_rlp: string
  readonly sealer: { readonly public_key: string; readonly signature: string }
  readonly receipts: readonly {
    readonly tx_hash: string
    readonly status: 0 | 1
    readonly logs: readonly {
      readonly address: string
      readonly topics: readonly string[]
      readonly data: string
      readonly log_index: number
    }[]
  }[]
}

/** An event as it is kept. `position` = block number times 2^20 + the log's index: below 2^53 for 8 billion blocks. */
export type EventRow = { readonly id: string; readonly position: number } & (
  | ({ readonly kind: 'session' } & Anchor)
  | ({ readonly kind: 'chunk' } & Chunk)
)

const LOGS_PER_BLOCK = 2 ** 20

/** The anchor events of one block, in order. Throws Fault `invalid` when a log of ours is malformed. */
export const decodeEvents = (block: SourceBlock, contract: string): readonly EventRow[] =>
  block.receipts.flatMap(({ tx_hash, logs }) =>
    logs
      .filter(({ address }) => address === contract)
      .flatMap((log): readonly EventRow[] => {
        const { log_index } = log
        const position = block.number * LOGS_PER_BLOCK + log_index
        const where = { tx_hash, block_number: block.number, block_hash: block.hash, log_index }
        const session = decodeRegistered(log)
        if (session) return [{ id: session.session_id, kind: 'session', position, ...session, ...where }]
        const chunk = decodeChunkAnchored(log)
        if (chunk === undefined) return []
        return [{ id: `${chunk.session_id}:${chunk.index}`, kind: 'chunk', position, ...chunk, ...where }]
      }),
  )

/** True if the blocks follow each other and `hash` (of the block before; undefined at the very start). */
export const linked = (blocks: readonly SourceBlock[], next: number, hash: string | undefined): boolean =>
  blocks.every(({ number, parent_hash }, i) => {
    const before = i === 0 ? hash : blocks[i - 1]?.hash
    return number === next + i && (before === undefined || before === parent_hash)
  })

const sameRow = (a: EventRow, b: EventRow): boolean => {
  const [left, right] = [a, b] as unknown as readonly Readonly<Record<string, unknown>>[]
  return left !== undefined && Object.keys(left).every((key) => left[key] === right?.[key])
}

export type Repair = {
  readonly insert: readonly EventRow[]
  readonly replace: readonly EventRow[]
  readonly remove: readonly EventRow[]
  readonly differences: readonly Difference[]
}

/** What must change so that the index holds exactly the chain's events of a range of blocks. */
export const planRepair = (stored: readonly EventRow[], chain: readonly EventRow[]): Repair => {
  const storedById = new Map(stored.map((row) => [row.id, row]))
  const chainIds = new Set(chain.map(({ id }) => id))
  const insert = chain.filter(({ id }) => !storedById.has(id))
  const replace = chain.filter((row) => {
    const old = storedById.get(row.id)
    return old !== undefined && !sameRow(row, old)
  })
  const remove = stored.filter(({ id }) => !chainIds.has(id))
  const name = (what: Difference['what']) => (row: EventRow) => ({ block_number: row.block_number, id: row.id, what })
  return {
    insert,
    replace,
    remove,
    differences: [...insert.map(name('missing')), ...replace.map(name('altered')), ...remove.map(name('extra'))],
  }
}
