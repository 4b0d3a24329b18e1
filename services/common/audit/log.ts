import { Fault, isFault } from '../process/fault.ts'
import { errorFields, type Log } from '../process/log.ts'
import type { Store } from '../store/store.ts'
import { auditTables } from './collections.ts'
import { type AuditAction, type LogEntry, nextEntry, type Tip } from './entry.ts'
import { type SignedHead, signHead } from './head.ts'

/** One stream: what a service did, in order. */
export type AuditLog = {
  /**
   * Resolves when the action is durable in the stream. Throws Fault unavailable `not-audited` when it cannot be written:
   * nobody may be told then that it was done.
   */
  readonly append: (action: AuditAction) => Promise<void>
  /** Entries behind `after`, at most `limit`, with the signed heads among them. */
  readonly read: (page: { readonly after: number; readonly limit: number }) => Promise<AuditPage>
  /** The newest entry, signed. Throws Fault missing `nothing-audited`. */
  readonly head: () => Promise<SignedHead>
}

export type AuditPage = { readonly entries: readonly LogEntry[]; readonly heads: readonly SignedHead[] }

export type AuditParts = {
  readonly store: Store
  readonly service: string
  /** Seed of the service's identity key. */
  readonly seed: Uint8Array
  readonly now: () => number
  readonly log: Log
}

/** Entries written in one transaction at most, and after how many or how long, ms, a head is signed. */
const TOGETHER = 100
const SIGN_EVERY = 1000
const SIGN_AFTER = 600_000
/** Other processes of the same service may write the same place; each try finds the stream longer. */
const TRIES = 20

type Waiting = { readonly action: AuditAction; readonly done: () => void; readonly failed: (e: unknown) => void }

const settle = (batch: readonly Waiting[], tell: (one: Waiting) => void): void => {
  for (const one of batch) tell(one)
}

const withoutStore = <T extends { readonly id: string; readonly rev: number }>({ id: _, rev: __, ...doc }: T) => doc

const notAudited = (cause: unknown) =>
  new Fault(
    'unavailable',
    'not-audited',
    'this could not be written to the audit log, so it is not known to be done: look at it before you ask again',
    { cause, retryAfter: 1000 },
  )

/** Writes of one process, one after the other; what comes in meanwhile is written together, in one transaction. */
const writer = ({ store, service, now }: AuditParts) => {
  const { entries } = auditTables(store)
  let waiting: Waiting[] = []
  let busy = false
  /** Unknown after a write that failed: it may be there all the same. */
  let tip: Tip | 'none' | undefined

  const readTip = async (): Promise<Tip | 'none'> =>
    (await entries.find({ sort: [['seq', 'desc']], limit: 1 }))[0] ?? 'none'

  const write = async (batch: readonly Waiting[]): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const start = tip ?? (await readTip())
      let last = start === 'none' ? undefined : start
      const docs = batch.map(({ action }) => {
        const entry = nextEntry(service, last, action, now())
        last = entry
        return { id: String(entry.seq).padStart(16, '0'), ...entry }
      })
      tip = undefined
      try {
        await entries.insertMany(docs, { onDuplicate: 'fail' })
        tip = last
        return
      } catch (error) {
        if (!isFault(error, 'duplicate') || attempt === TRIES) throw error
      }
    }
  }

  const drain = async (): Promise<void> => {
    busy = true
    while (waiting.length > 0) {
      const batch = waiting.slice(0, TOGETHER)
      waiting = waiting.slice(TOGETHER)
      await write(batch).then(
        () => settle(batch, ({ done }) => done()),
        (error) => settle(batch, ({ failed }) => failed(error)),
      )
    }
    busy = false
  }

  return {
    append: (action: AuditAction): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ action, done: resolve, failed: (error) => reject(notAudited(error)) })
      if (!busy) void drain()
      return promise
    },
    readTip,
  }
}

/** A stream whose store is opened later. Until then its calls throw Fault unavailable `audit-not-open`. */
export const lateAudit = (): AuditLog & { readonly open: (stream: AuditLog) => void } => {
  let opened: AuditLog | undefined
  const stream = async (): Promise<AuditLog> => {
    if (opened !== undefined) return opened
    throw new Fault('unavailable', 'audit-not-open', 'the audit log is not open yet: ask again in a moment')
  }
  return {
    open: (given) => {
      opened = given
    },
    append: async (action) => (await stream()).append(action),
    read: async (page) => (await stream()).read(page),
    head: async () => (await stream()).head(),
  }
}

/** The stream of a service over its own store; `close` signs what is not signed yet. */
export const auditLog = (parts: AuditParts): AuditLog & { readonly close: () => Promise<void> } => {
  const { store, service, seed, now, log } = parts
  const { entries, heads } = auditTables(store)
  const { append, readTip } = writer(parts)
  let unsigned = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  const signTip = async (): Promise<SignedHead | undefined> => {
    clearTimeout(timer)
    timer = undefined
    unsigned = 0
    const tip = await readTip()
    if (tip === 'none') return undefined
    const id = String(tip.seq).padStart(16, '0')
    const present = await heads.get(id)
    if (present !== undefined) return withoutStore(present)
    const head = signHead(service, tip, { seed, at: now() })
    await heads.insertMany([{ id, ...head }], { onDuplicate: 'ignore' })
    return head
  }
  const signLater = () => {
    void signTip().catch((error) => log.warn('audit-head-not-signed', errorFields(error)))
  }

  return {
    append: async (action) => {
      await append(action)
      if (++unsigned >= SIGN_EVERY) signLater()
      timer ??= setTimeout(signLater, SIGN_AFTER).unref()
    },
    read: async ({ after, limit }) => {
      const found = await entries.find({ where: { seq: { gt: after } }, sort: [['seq', 'asc']], limit })
      const last = found.at(-1)
      const signed = last && (await heads.find({ where: { seq: { gt: after, lte: last.seq } }, limit }))
      return { entries: found.map(withoutStore), heads: (signed ?? []).map(withoutStore) }
    },
    head: async () => {
      const head = await signTip()
      if (head === undefined) throw new Fault('missing', 'nothing-audited', 'nothing was done here yet')
      return head
    },
    close: async () => {
      clearTimeout(timer)
      if (unsigned > 0) await signTip()
    },
  }
}
