import { sha256 } from '@noble/hashes/sha2.js'
import { Fault } from '#common/process/fault'
import type { Collection, Stored } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import type { AnswerDoc } from './store.ts'

/** A request that is done once: by whom, under which key, and what it asks for, body included. */
export type Asked = { readonly person: string; readonly key: string; readonly request: string }

export type Idempotency = {
  /**
   * Does the work, or answers what it answered before. Whoever comes while it runs waits for the same answer. A failure is
   * not kept. After a crash in the middle the work is done again: it must find itself done, by the
   * hash (hex) that names this work.
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

const hash = (text: string): string => sha256(utf8(text)).toHex()

const reused = () =>
  new Fault('conflict', 'idempotency-key-reused', 'this Idempotency-Key came with another request: take a new key')

/** Reads the header; undefined when there is none. Throws Fault invalid `bad-idempotency-key`. */
export const parseKey = (header: string | null): string | undefined => {
  if (header === null) return undefined
  if (/^[\x21-\x7e]{8,128}$/.test(header)) return header
  throw new Fault('invalid', 'bad-idempotency-key', 'an Idempotency-Key has 8 to 128 printable characters')
}

/** Requests that are done once, over a store. */
export const idempotency = (table: Collection<AnswerDoc>, now: () => number): Idempotency => {
  const running = new Map<string, { readonly request: string; readonly answer: Promise<object> }>()

  /** The entry under which the work is done: a fresh one, or that of an attempt whose end nobody saw. */
  const begin = async (doc: AnswerDoc): Promise<Stored<AnswerDoc>> => {
    const known = await table.get(doc.id)
    if (known !== undefined && known.at > now() - DAY) {
      if (known.request !== doc.request) throw reused()
      return known
    }
    if (known !== undefined) return table.replace(doc, known.rev)
    if ((await table.count({ person: doc.person })) >= MOST)
      throw new Fault('exhausted', 'too-many-keys', `at most ${MOST} requests a day with an Idempotency-Key`)
    return table.insert(doc)
  }

  const perform = async (doc: AnswerDoc, work: (id: string) => Promise<object>): Promise<object> => {
    const { rev, ...entry } = await begin(doc)
    if (entry.answer !== undefined) return JSON.parse(entry.answer)
    let answer: object
    try {
      answer = await work(hash(`${entry.id} ${entry.at}`))
    } catch (error) {
      await table.remove(doc.id).catch(() => false)
      throw error
    }
    await table.replace({ ...entry, answer: JSON.stringify(answer) }, rev)
    return answer
  }

  return {
    once: async <R extends object>({ person, key, request }: Asked, work: (id: string) => Promise<R>) => {
      const doc = { id: hash(`${person} ${key}`), person, request: hash(request), at: now() }
      const same = running.get(doc.id)
      if (same !== undefined && same.request !== doc.request) throw reused()
      if (same !== undefined) return (await same.answer) as R // what this very work answers
      const answer = perform(doc, work)
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
