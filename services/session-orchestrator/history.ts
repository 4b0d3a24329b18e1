import { plural } from '#common/cli/format'
import { isUnreachable } from '#common/http/client'
import { Fault, isFault } from '#common/process/fault'
import { errorFields, type Log } from '#common/process/log'
import type { Store } from '#common/store/store'
import { type Poller, poller } from '#common/stream/poller'
import { type AnchorJob, type AnchorRequest, anchorRequest, readAnchorJob } from './anchor.ts'
import { change } from './sessions.ts'
import { type SessionDoc, tables } from './store.ts'
import { loseAnchor } from './transitions.ts'
import type { Worker } from './worker.ts'

/** Where the chain stood when its client last looked, and how often it had gone back by then. */
export type ChainHistory = { readonly number: number; readonly went_back: number }

export type HistoryParts = {
  readonly store: Store
  readonly now: () => number
  readonly anchor: (request: AnchorRequest) => Promise<AnchorJob>
  readonly history: () => Promise<ChainHistory>
  readonly worker: Pick<Worker, 'kick'>
  readonly pause: (ms: number) => Promise<void>
  readonly log: Log
}

/** Sessions that are asked about together, and how long a client that must look first is given, ms. */
const PAGE = 20
const LOOK_MS = 1_000

/** Those that the client does not say are in the very block that we know. */
const findUnconfirmed = async (
  anchor: HistoryParts['anchor'],
  docs: readonly SessionDoc[],
): Promise<readonly SessionDoc[]> => {
  const unconfirmed: SessionDoc[] = []
  for (const doc of docs) {
    const request = anchorRequest(doc)
    const job = request && (await anchor(request))
    if (job === undefined || readAnchorJob(job).anchor?.block.hash !== doc.anchor?.block.hash) unconfirmed.push(doc)
  }
  return unconfirmed
}

/** Takes sessions back to `anchoring` whose anchors are gone: the newest first, until a page of them is intact. */
const takeBack = async (parts: HistoryParts): Promise<void> => {
  const { store, anchor, pause, worker, log } = parts
  let intact = 0
  for (;;) {
    const docs = await tables(store).sessions.find({
      where: { state: 'anchored' },
      sort: [['touched_at', 'desc']],
      skip: intact,
      limit: PAGE,
    })
    let lost = await findUnconfirmed(anchor, docs)
    if (lost.length > 0) {
      // A client that does not know them (its own store is older) finds them on the chain meanwhile.
      await pause(LOOK_MS)
      lost = await findUnconfirmed(anchor, lost)
    }
    if (lost.length === 0) return
    for (const { id } of lost) {
      await change(parts, id, loseAnchor)
      log.error('incident', { what: 'anchor-lost', session: id })
      worker.kick(id)
    }
    intact += docs.length - lost.length
  }
}

/** Throws Fault unavailable `anchors-lost` while sessions wait for a new anchor in place of one that the chain lost. */
export const requireAnchors = async (store: Store): Promise<void> => {
  const lost = await tables(store).sessions.count({ anchor_lost: true })
  if (lost > 0)
    throw new Fault(
      'unavailable',
      'anchors-lost',
      `the chain went back to older data: ${plural(lost, 'session')} anchored again; bun run recover chain if the ledger waits for it`,
    )
}

/** Asks whether the chain went back to older data; at the first time it may have. Throws the client's Fault. */
export const historyCheck = (parts: HistoryParts) => {
  let before: ChainHistory | undefined
  return async (): Promise<void> => {
    const now = await parts.history().catch((error: unknown) => {
      if (isFault(error) && error.kind === 'missing') return undefined
      throw error
    })
    if (now === undefined) return
    const wentOn = before?.went_back === now.went_back && before.number <= now.number
    if (!wentOn) await takeBack(parts)
    before = now
  }
}

/** Checks again every so many ms, for as long as it is not stopped. */
export const watchHistory = (everyMs: number, parts: HistoryParts): Pick<Poller, 'stop'> => {
  const check = historyCheck(parts)
  return poller({
    step: async () => {
      await check()
      return everyMs
    },
    onError: (error) => {
      if (!isUnreachable(error)) parts.log.warn('history-not-checked', errorFields(error))
      return everyMs
    },
  })
}
