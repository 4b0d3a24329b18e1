import { Binary, type Collection, type Db } from 'mongodb'
import { isFault } from '../process/fault.ts'
import type { MongoDoc } from './mongo-document.ts'
import { type Hello, mongoFault, requireServer } from './mongo-fault.ts'

/** One answer of the database is everybody's within this time, ms: /health is open to all. */
const FRESH = 1_000
/** The same while its disk is full, since then a probe writes. */
const FRESH_WHEN_FULL = 5_000
/** Room that a disk which was full must have again, bytes: more than a service writes at once. */
const ROOM = 4 * 1024 * 1024

export type MongoProbe = {
  /** Answers from the last probe while that is fresh, else probes by `run`. */
  readonly ping: (run: (probe: () => Promise<void>) => Promise<void>) => Promise<void>
  /** Hears of a failed call: from a full disk on, a probe has to find room. */
  readonly note: (error: unknown) => void
}

/** Asks whether the database can serve. `collection` is one that the store owns anyway; nothing in it stays. */
export const mongoProbe = (db: Db, collection: Collection<MongoDoc>): MongoProbe => {
  let isFull = false
  let last: { readonly at: number; readonly answer: Promise<void> } | undefined

  /** Asks for all that a write needs; on a disk that was full it writes and removes a large document. */
  const probe = async (): Promise<void> => {
    requireServer((await db.command({ hello: 1 })) as Hello)
    const probed = { _id: 'probe' } as const
    // One that could not be removed, for want of room, is still there.
    if (isFull) {
      const filler = new Binary(crypto.getRandomValues(new Uint8Array(ROOM)))
      await collection.replaceOne(probed, { rev: 1, filler }, { upsert: true })
      await collection.deleteOne(probed)
      isFull = false
    } else await collection.updateOne({ _id: 'nothing' }, { $set: { rev: 1 } })
  }

  return {
    ping: (run) => {
      const now = performance.now()
      if (last === undefined || now - last.at > (isFull ? FRESH_WHEN_FULL : FRESH)) {
        const answer = run(probe)
        answer.catch(() => {}) // whoever asked has it too
        last = { at: now, answer }
      }
      return last.answer
    },
    note: (error) => {
      if (isFull || !isFault(mongoFault(error, 'store'), 'disk-full')) return
      isFull = true
      last = undefined
    },
  }
}
