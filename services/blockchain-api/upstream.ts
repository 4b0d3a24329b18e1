import { keccak_256 } from '@noble/hashes/sha3.js'
import type { client } from '#common/http/client'
import { ok as answerOf } from '#common/http/client'
import { isFault } from '#common/process/fault'
import { boundedMap } from '#common/stream/bounded-map'
import { fromHex } from '#common/stream/bytes'
import type { Api as LedgerApi } from '#services/blockchain-ledger/routes'
import type { Api as IndexApi } from '#services/blockchain-sessions-data/routes'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { pacing as newPacing, type Pacing } from './pacing.ts'
import { freeSpending, type Spending } from './spending.ts'

export type Clients = {
  readonly ledger: ReturnType<typeof client<LedgerApi>>
  readonly vm: ReturnType<typeof client<VmApi>>
  readonly index: ReturnType<typeof client<IndexApi>>
}

const orUndefined = async <T>(answer: Promise<T>): Promise<T | undefined> => {
  try {
    return await answer
  } catch (error) {
    if (isFault(error) && error.kind === 'missing') return undefined
    throw error
  }
}

/** Answers of one kind that are cached: a batch may ask for thousands, and a transaction has up to 262 kB. */
const MAX_CACHED = 64

/** Caches the last answers of one request: a batch of receipts asks for their block once. Failures are not cached. */
const memoize = <K extends readonly [] | readonly [string], T>(
  ask: (...key: K) => Promise<T>,
): ((...key: K) => Promise<T>) => {
  const cache = boundedMap<Promise<T>>(MAX_CACHED)
  return (...key) => {
    const [name = ''] = key
    const cached = cache.get(name)
    if (cached) return cached
    const answer = ask(...key)
    cache.set(name, answer)
    answer.catch(() => cache.delete(name))
    return answer
  }
}

/** Units that asking another service costs. */
const ASK_UNITS = 0.5

/** Whom the answers are for. */
export type Asker = {
  readonly spending: Spending
  readonly pacing: Pacing
  /** Aborted when the client has left; then calls of the virtual machine are given up. */
  readonly signal?: AbortSignal
  /** For a service, whose calls of the virtual machine go before those of strangers: sessions are anchored by them. */
  readonly urgent?: boolean
}

/** What is asked of others, anew for each request so that it is of one moment. `undefined` is not on the chain. */
export const upstream = (
  { ledger, vm, index }: Clients,
  { spending, pacing, signal, urgent = false }: Asker = { spending: freeSpending, pacing: newPacing() },
) => {
  const ok: typeof answerOf = (answer) => {
    spending.charge(ASK_UNITS)
    return answerOf(answer)
  }
  return {
    spending,
    ...pacing,
    chain: memoize(() => ok(ledger.chain.get())),
    /** By number, hash or 'latest'. */
    block: memoize((ref: string) => orUndefined(ok(ledger.blocks({ ref }).get()))),
    blocks: (from: number, limit: number) => ok(ledger.blocks.get({ query: { from, limit } })),
    transaction: memoize((hash: string) => orUndefined(ok(ledger.transactions({ hash }).get()))),
    receipt: memoize((hash: string) => orUndefined(ok(ledger.receipts({ hash }).get()))),
    proof: (hash: string) => orUndefined(ok(ledger.receipts({ hash }).proof.get())),
    nextNonce: async (address: string) => (await ok(ledger.nonces({ address }).get())).next,
    /** Answers the transaction's hash, which is that of its bytes (EIP-2718). */
    submit: async (raw: string) => {
      await ok(ledger.transactions.post({ raw }))
      return keccak_256(fromHex(raw)).toHex()
    },
    call: (request: Parameters<typeof vm.call.post>[0]) =>
      ok(vm.call.post(urgent ? { ...request, urgent } : request, signal ? { fetch: { signal } } : {})),
    account: (address: string, state_root: string) => ok(vm.accounts({ address }).get({ query: { state_root } })),
    slot: async (address: string, slot: string, state_root: string) =>
      (await ok(vm.accounts({ address }).storage({ slot }).get({ query: { state_root } }))).value,
    anchor: (session: string) => orUndefined(ok(index.anchors({ session }).get())),
    anchors: (query: { readonly limit: number; readonly owner?: string; readonly after?: number }) =>
      ok(index.anchors.get({ query })),
  }
}

export type Upstream = ReturnType<typeof upstream>
export type Block = NonNullable<Awaited<ReturnType<Upstream['block']>>>
export type Receipt = NonNullable<Awaited<ReturnType<Upstream['receipt']>>>
export type LogEntry = Receipt['logs'][number]
