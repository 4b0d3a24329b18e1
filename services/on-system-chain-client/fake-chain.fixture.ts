import { type DecodedTransaction, decodeTransaction } from '#common/ethereum/transaction'
import { decodeSessions, encodeRegisterSession, type StoredAnchor } from '#common/evidence/anchors-abi'
import { sessionIdFromBytes32 } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'
import type { Chain, SeenReceipt } from './chain.ts'
import type { Place } from './job.ts'

/**
 * A fake for tests of the worker, not a chain: one contract's memory, a pool and blocks that a test makes,
 * unmakes and falsifies at will. The real services are used in anchoring.test.ts.
 */
export const CONTRACT = '6c756369642d616e63686f727300000000000000'
export const CHAIN_ID = 7

type Mined = { readonly tx: DecodedTransaction; readonly session: string | undefined; readonly ok: boolean }
type FakeBlock = { readonly number: number; readonly hash: string; readonly mined: readonly Mined[] }

/** What befalls a call: nothing, it never arrives, or its answer is lost. */
export type Mishap = 'none' | 'not-sent' | 'reply-lost'

const away = () => new Fault('unavailable', 'unreachable', 'the fake chain is away')

const contentOf = (
  data: string,
): { readonly session: string; readonly content: StoredAnchor } | undefined => {
  const words = data.slice(8).match(/.{64}/g) ?? []
  const [id = '', manifest = '', started = '', owner = '', root = '', count = ''] = words
  const session = sessionIdFromBytes32(id)
  const content = decodeSessions([manifest, root, owner, started, count, '0'.repeat(64)].join(''))
  if (session === undefined || content === undefined) return undefined
  return encodeRegisterSession(session, content) === data ? { session, content } : undefined
}

export const fakeChain = (registrar: string) => {
  let blocks: FakeBlock[] = [{ number: 0, hash: '00'.repeat(32), mined: [] }]
  let pool = new Map<string, DecodedTransaction>()
  let mishap: (method: string) => Mishap = () => 'none'
  let serial = 0
  let highest = 0
  const sent: string[] = []

  const mined = () => blocks.flatMap((block) => block.mined.map((one) => ({ ...one, block })))
  const nextNonce = (account: string) => mined().filter(({ tx }) => tx.from === account).length
  const head = () => blocks.length - 1
  const placeOf = ({ tx, block }: { tx: DecodedTransaction; block: FakeBlock }): Place => ({
    tx_hash: tx.hash,
    block_number: block.number,
    block_hash: block.hash,
  })
  const registered = (session: string) => mined().filter((one) => one.ok && one.session === session)

  const held = (session: string): StoredAnchor | undefined => {
    const [one] = registered(session)
    const known = one && contentOf(one.tx.data)
    return known && { ...known.content, block_number: one.block.number }
  }

  const receipt = (hash: string): SeenReceipt | undefined => {
    const one = mined().find(({ tx }) => tx.hash === hash)
    if (one === undefined) return undefined
    const known = contentOf(one.tx.data)
    const says = one.ok && known ? { session_id: known.session, ...known.content } : undefined
    return { status: one.ok ? 1 : 0, place: placeOf(one), registered: says }
  }

  const take = (raw: string) => {
    sent.push(raw)
    const tx = decodeTransaction(raw)
    if (pool.has(tx.hash) || mined().some((one) => one.tx.hash === tx.hash))
      return { outcome: 'taken', message: '' } as const
    if (tx.chainId !== CHAIN_ID) return { outcome: 'foreign-chain', message: 'invalid chain id' } as const
    const taken = [...pool.values()].some((one) => one.from === tx.from && one.nonce === tx.nonce)
    if (tx.nonce < nextNonce(tx.from) || taken) return { outcome: 'spent', message: 'nonce too low' } as const
    pool.set(tx.hash, tx)
    return { outcome: 'taken', message: '' } as const
  }

  const guarded =
    <A extends readonly unknown[], R>(method: string, work: (...args: A) => R) =>
    async (...args: A): Promise<R> => {
      const fate = mishap(method)
      if (fate === 'not-sent') throw away()
      const result = work(...args)
      if (fate === 'reply-lost') throw away()
      return result
    }

  const pending = (account: string): number => {
    const waiting = new Set(
      [...pool.values()].filter(({ from }) => from === account).map(({ nonce }) => nonce),
    )
    let next = nextNonce(account)
    while (waiting.has(next)) next++
    return next
  }

  const chain: Chain = {
    head: guarded('head', head),
    receipts: guarded('receipts', (hashes: readonly string[]) => hashes.map(receipt)),
    sessions: guarded('sessions', (ids: readonly string[]) => ids.map(held)),
    locate: guarded('locate', (id: string, block: number) => {
      const one = registered(id).find((found) => found.block.number === block)
      return one && placeOf(one)
    }),
    facts: guarded('facts', (account: string) => ({
      chainId: CHAIN_ID,
      nextNonce: pending(account),
      gasPrice: 7n,
      registrar,
    })),
    send: guarded('send', (raws: readonly string[]) => raws.map(take)),
  }

  return {
    chain,
    /** Every raw transaction that arrived, as often as it did. */
    sent,
    /** How many times a session was registered. */
    registrations: (session: string) => registered(session).length,
    has: (hash: string) => receipt(hash) !== undefined,
    /** One block of what the pool holds in nonce order; empty blocks too. */
    mine: () => {
      const inBlock: Mined[] = []
      const number = blocks.length
      for (;;) {
        const ready = [...pool.values()].find(
          ({ from, nonce }) =>
            nonce === nextNonce(from) + inBlock.filter(({ tx }) => tx.from === from).length,
        )
        if (ready === undefined) break
        pool.delete(ready.hash)
        const known = contentOf(ready.data)
        const again =
          known && (held(known.session) || inBlock.some((one) => one.ok && one.session === known.session))
        const ok = known !== undefined && !again && ready.from === registrar
        inBlock.push({ tx: ready, session: known?.session, ok })
      }
      blocks.push({ number, hash: (++serial).toString(16).padStart(64, '0'), mined: inBlock })
      highest = Math.max(highest, head())
    },
    /**
     * Takes the newest block away; its transactions go back to the pool, or are forgotten. Never two in a
     * row: what two confirmations made final stays.
     */
    reorganise: (fate: 'pool' | 'forget') => {
      if (head() < highest) return
      const last = blocks.length > 1 ? blocks.pop() : undefined
      if (fate === 'pool') for (const { tx } of last?.mined ?? []) pool.set(tx.hash, tx)
    },
    forgetPool: () => {
      pool = new Map()
    },
    /** Everything is gone: another chain of the same id. */
    replace: () => {
      blocks = blocks.slice(0, 1)
      highest = 0
      pool = new Map()
    },
    befall: (decide: (method: string) => Mishap) => {
      mishap = decide
    },
  }
}

export type FakeChain = ReturnType<typeof fakeChain>
