import type { StoredAnchor } from '#common/evidence/anchors-abi'
import { Fault } from '#common/process/fault'
import type { Chain, ObservedReceipt } from './chain.ts'
import {
  CHAIN_ID,
  emptyBlocks,
  type FakeBlocks,
  headOf,
  minedIn,
  mineInto,
  parseCall,
  pendingNonce,
  registrationsOf,
  takeInto,
} from './fake-blocks.fixture.ts'
import type { Blocks } from './history.ts'
import type { Place } from './job.ts'

/** A fake for tests of the worker, not a chain: a contract, a pool and blocks that a test makes and falsifies. */
export const CONTRACT = '6c756369642d616e63686f727300000000000000'

/** What befalls a call: nothing, it never arrives, or its answer is lost. */
export type Mishap = 'none' | 'not-sent' | 'reply-lost'

const away = () => new Fault('unavailable', 'unreachable', 'the fake chain is away')

const placeOf = ({ tx, block }: ReturnType<typeof minedIn>[number]): Place => ({
  tx_hash: tx.hash,
  block_number: block.number,
  block_hash: block.hash,
})

const storedIn = (state: FakeBlocks, session: string): StoredAnchor | undefined => {
  const [one] = registrationsOf(state, session)
  const call = one && parseCall(one.tx.data)
  return call && { ...call.content, block_number: one.block.number }
}

const receiptIn = (state: FakeBlocks, hash: string): ObservedReceipt | undefined => {
  const one = minedIn(state).find(({ tx }) => tx.hash === hash)
  if (one === undefined) return undefined
  const call = parseCall(one.tx.data)
  const registered = one.ok && call ? { session_id: call.session, ...call.content } : undefined
  return { status: one.ok ? 1 : 0, place: placeOf(one), registered }
}

type Guarded = <A extends readonly unknown[], R>(method: string, work: (...args: A) => R) => (...args: A) => Promise<R>

/** The chain as the worker sees it. */
const chainOver = (
  state: FakeBlocks,
  guarded: Guarded,
  registrar: string,
  take: (raw: string) => ReturnType<typeof takeInto>,
): Chain => ({
  head: guarded('head', () => headOf(state)),
  receipts: guarded('receipts', (hashes: readonly string[]) => hashes.map((hash) => receiptIn(state, hash))),
  sessions: guarded('sessions', (ids: readonly string[]) => ids.map((id) => storedIn(state, id))),
  locate: guarded('locate', (id: string, block: number) => {
    const one = registrationsOf(state, id).find((mined) => mined.block.number === block)
    return one && placeOf(one)
  }),
  facts: guarded('facts', (account: string) => ({
    chainId: CHAIN_ID,
    nextNonce: pendingNonce(state, account),
    gasPrice: 7n,
    registrar,
  })),
  send: guarded('send', (raws: readonly string[]) => raws.map(take)),
})

export const fakeChain = (registrar: string) => {
  const state = emptyBlocks()
  const sent: string[] = []
  let mishap: (method: string) => Mishap = () => 'none'

  const guarded: Guarded =
    (method, work) =>
    async (...args) => {
      const fate = mishap(method)
      if (fate === 'not-sent') throw away()
      const result = work(...args)
      if (fate === 'reply-lost') throw away()
      return result
    }
  const take = (raw: string) => {
    sent.push(raw)
    return takeInto(state, raw)
  }

  return {
    chain: chainOver(state, guarded, registrar, take),
    /** Sealed by nobody: the worker does not look at seals. */
    blocks: {
      newest: guarded('newest', () => {
        const { number, hash } = state.blocks.at(-1) ?? { number: 0, hash: '' }
        const sealer = { public_key: '11'.repeat(32), signature: '22'.repeat(64) }
        return { block: { number, hash, header_rlp: 'c0' }, sealer }
      }),
      hashAt: guarded('hashAt', (number: number) => state.blocks[number]?.hash),
    } satisfies Blocks,
    /** Every raw transaction that arrived, as often as it did. */
    sent,
    /** How many times a session was registered. */
    registrations: (session: string) => registrationsOf(state, session).length,
    has: (hash: string) => receiptIn(state, hash) !== undefined,
    mine: () => mineInto(state, registrar),
    /** Takes the newest block away, its transactions back to the pool or forgotten. Never two in a row: final stays. */
    reorganise: (fate: 'pool' | 'forget') => {
      if (headOf(state) < state.highest) return
      const last = state.blocks.length > 1 ? state.blocks.pop() : undefined
      if (fate === 'pool') for (const { tx } of last?.mined ?? []) state.pool.set(tx.hash, tx)
    },
    /** The chain's store is put back to what it was with so many blocks. */
    putBack: (number: number) => {
      state.blocks = state.blocks.slice(0, number + 1)
      state.pool.clear()
    },
    forgetPool: () => state.pool.clear(),
    /** Everything is gone: another chain of the same id. */
    replace: () => {
      Object.assign(state, { blocks: state.blocks.slice(0, 1), highest: 0, pool: new Map() })
    },
    befall: (decide: (method: string) => Mishap) => {
      mishap = decide
    },
  }
}

export type FakeChain = ReturnType<typeof fakeChain>
