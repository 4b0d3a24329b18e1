import { sha256 } from '@noble/hashes/sha2.js'
import { Fault, isFault } from '#common/process/fault'
import type { Collection, Stored } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import type { AnswerDoc } from './store.ts'

/** A request that is done once: by whom, under which key, and what it asks for, body included. */
export type Asked = { readonly person: string; readonly key: string; readonly request: string }

export type Idempotency = {
  /**
   * Does the work, or answers what it answered before. Whoever comes while it runs, here or at another server of the same
   * store, waits for the same answer. A failure is not kept. After a crash in the middle the work is done again: it must
   * find itself done, by the hash (hex) that names this work.
   * Throws Fault conflict `idempotency-key-reused`, exhausted `too-many-keys`.
   */
  readonly once: <R extends object>(asked: Asked, work: (id: string) => Promise<R>) => Promise<R>
  /** Forgets what is older than a day; answers how much. */
  readonly sweep: () => Promise<number>
}

const DAY = 24 * 3_600_000
/** Most keys of a person that are kept. */
const MOST = 10_000
const BATCH = 500
/** A server that gave no sign for so long is taken for dead, and its work done again; a sign every; another looks every; ms. */
const LEASE = 10_000
const RENEW = 2_500
const LOOK = 50

const hash = (text: string): string => sha256(utf8(text)).toHex()

const reused = () =>
  new Fault('conflict', 'idempotency-key-reused', 'this Idempotency-Key came with another request: take a new key')

/** Reads the header; undefined when there is none. Throws Fault invalid `bad-idempotency-key`. */
export const parseKey = (header: string | null): string | undefined => {
  if (header === null) return undefined
  if (/^[\x21-\x7e]{8,128}$/.test(header)) return header
  throw new Fault('invalid', 'bad-idempotency-key', 'an Idempotency-Key has 8 to 128 printable characters')
}

/** Passes over what another server was faster with. */
const outrun = (error: unknown): undefined => {
  if (isFault(error) && ['duplicate', 'stale', 'missing'].includes(error.code)) return undefined
  throw error
}

export type IdempotencyParts = { readonly now: () => number; readonly pause: (ms: number) => Promise<void> }

/** Requests that are done once, over a store. */
export const idempotency = (table: Collection<AnswerDoc>, { now, pause }: IdempotencyParts): Idempotency => {
  const running = new Map<string, { readonly request: string; readonly answer: Promise<object> }>()

  /** The entry, with its answer or to work on: a fresh one, or that of a server which died. Undefined while another works on it. */
  const take = async (doc: AnswerDoc): Promise<Stored<AnswerDoc> | undefined> => {
    const [known, at] = [await table.get(doc.id), now()]
    const fresh = { ...doc, until: at + LEASE }
    if (known === undefined) {
      if ((await table.count({ person: doc.person })) < MOST) return table.insert(fresh).catch(outrun)
      throw new Fault('exhausted', 'too-many-keys', `at most ${MOST} requests a day with an Idempotency-Key`)
    }
    const { rev, ...entry } = known
    if (entry.at <= at - DAY) return table.replace(fresh, rev).catch(outrun)
    if (entry.request !== doc.request) throw reused()
    if (entry.answer !== undefined) return known
    return (entry.until ?? 0) > at ? undefined : table.replace({ ...entry, until: at + LEASE }, rev).catch(outrun)
  }

  /** Does the work of an entry that is ours, and keeps saying that it goes on. Undefined when somebody took it over. */
  const work = async (taken: Stored<AnswerDoc>, deed: (id: string) => Promise<object>): Promise<object | undefined> => {
    const { rev: _, ...entry } = taken
    let [held, isDone] = [Promise.resolve<Stored<AnswerDoc> | undefined>(taken), false]
    const put = async (change: Partial<AnswerDoc>) => {
      const current = await held
      return current && table.replace({ ...entry, ...change }, current.rev).catch(outrun)
    }
    const renew = async (): Promise<void> => {
      for (await pause(RENEW); !isDone; await pause(RENEW)) {
        const before = held
        held = put({ until: now() + LEASE }).catch(() => before)
      }
    }
    void renew()
    try {
      const answer = await deed(hash(`${entry.id} ${entry.at}`))
      isDone = true
      return (await put({ answer: JSON.stringify(answer) })) && answer
    } catch (error) {
      isDone = true
      const rev = (await held)?.rev
      if (rev !== undefined) await table.remove(entry.id, rev).catch(() => false)
      throw error
    }
  }

  const perform = async (doc: AnswerDoc, deed: (id: string) => Promise<object>): Promise<object> => {
    for (;;) {
      const taken = await take(doc)
      if (taken?.answer !== undefined) return JSON.parse(taken.answer)
      const answer = taken && (await work(taken, deed))
      if (answer !== undefined) return answer
      await pause(LOOK)
    }
  }

  return {
    once: async <R extends object>({ person, key, request }: Asked, deed: (id: string) => Promise<R>) => {
      const doc = { id: hash(`${person} ${key}`), person, request: hash(request), at: now() }
      const same = running.get(doc.id)
      if (same !== undefined && same.request !== doc.request) throw reused()
      if (same !== undefined) return (await same.answer) as R // what this very work answers
      const answer = perform(doc, deed)
      running.set(doc.id, { request: doc.request, answer })
      try {
        return (await answer) as R // as JSON gave it back, which its route checks against its schema
      } finally {
        running.delete(doc.id)
      }
    },
    sweep: async () => {
      const old = await table.find({ where: { at: { lte: now() - DAY } }, limit: BATCH })
      for (const { id, rev } of old) await table.remove(id, rev).catch(() => false)
      return old.length
    },
  }
}
