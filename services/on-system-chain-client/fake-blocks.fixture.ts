import { type DecodedTransaction, decodeTransaction } from '#common/ethereum/transaction'
import { decodeSessions, encodeRegisterSession, type StoredAnchor } from '#common/evidence/anchors-abi'
import { sessionIdFromBytes32 } from '#common/evidence/session-id'
import type { SendReply } from './answer.ts'

/** The memory of the fake chain: blocks, and a pool of transactions that are in none. */
export const CHAIN_ID = 7

type Mined = { readonly tx: DecodedTransaction; readonly session: string | undefined; readonly ok: boolean }
type FakeBlock = { readonly number: number; readonly hash: string; readonly mined: readonly Mined[] }

export type FakeBlocks = {
  blocks: FakeBlock[]
  pool: Map<string, DecodedTransaction>
  serial: number
  /** The highest block there ever was. */
  highest: number
}

export const emptyBlocks = (): FakeBlocks => ({
  blocks: [{ number: 0, hash: '00'.repeat(32), mined: [] }],
  pool: new Map(),
  serial: 0,
  highest: 0,
})

/** The call of registerSession that calldata is; undefined when it is none that the contract takes. */
export const parseCall = (data: string): { readonly session: string; readonly content: StoredAnchor } | undefined => {
  const words = data.slice(8).match(/.{64}/g) ?? []
  const [id = '', manifest = '', started = '', owner = '', root = '', count = ''] = words
  const session = sessionIdFromBytes32(id)
  const content = decodeSessions([manifest, root, owner, started, count, '0'.repeat(64)].join(''))
  if (session === undefined || content === undefined) return undefined
  return encodeRegisterSession(session, content) === data ? { session, content } : undefined
}

export const headOf = ({ blocks }: FakeBlocks): number => blocks.length - 1

/** Every transaction in a block, with its block. */
export const minedIn = ({ blocks }: FakeBlocks) =>
  blocks.flatMap((block) => block.mined.map((one) => ({ ...one, block })))

/** The transactions that registered a session: more than one would be the worst fault of all. */
export const registrationsOf = (state: FakeBlocks, session: string) =>
  minedIn(state).filter((one) => one.ok && one.session === session)

const nonceOf = (state: FakeBlocks, account: string): number =>
  minedIn(state).filter(({ tx }) => tx.from === account).length

/** The next nonce of an account, its waiting transactions included. */
export const pendingNonce = (state: FakeBlocks, account: string): number => {
  const waiting = new Set([...state.pool.values()].filter(({ from }) => from === account).map(({ nonce }) => nonce))
  let next = nonceOf(state, account)
  while (waiting.has(next)) next++
  return next
}

/** Puts a raw transaction into the pool, or says why not. */
export const takeInto = (state: FakeBlocks, raw: string): SendReply => {
  const tx = decodeTransaction(raw)
  if (state.pool.has(tx.hash) || minedIn(state).some((one) => one.tx.hash === tx.hash))
    return { outcome: 'taken', message: '' }
  if (tx.chainId !== CHAIN_ID) return { outcome: 'foreign-chain', message: 'invalid chain id' }
  const occupied = [...state.pool.values()].some((one) => one.from === tx.from && one.nonce === tx.nonce)
  if (tx.nonce < nonceOf(state, tx.from) || occupied) return { outcome: 'spent', message: 'nonce too low' }
  state.pool.set(tx.hash, tx)
  return { outcome: 'taken', message: '' }
}

/** One block of what the pool holds in nonce order; empty blocks too. */
export const mineInto = (state: FakeBlocks, registrar: string): void => {
  const mined: Mined[] = []
  const isReady = ({ from, nonce }: DecodedTransaction) =>
    nonce === nonceOf(state, from) + mined.filter(({ tx }) => tx.from === from).length
  for (;;) {
    const tx = [...state.pool.values()].find(isReady)
    if (tx === undefined) break
    state.pool.delete(tx.hash)
    const session = parseCall(tx.data)?.session
    const again =
      session !== undefined &&
      (registrationsOf(state, session).length > 0 || mined.some((one) => one.ok && one.session === session))
    mined.push({ tx, session, ok: session !== undefined && !again && tx.from === registrar })
  }
  const hash = (++state.serial).toString(16).padStart(64, '0')
  state.blocks.push({ number: state.blocks.length, hash, mined })
  state.highest = Math.max(state.highest, headOf(state))
}
