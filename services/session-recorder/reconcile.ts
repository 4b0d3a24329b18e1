import { errorFields, type Log } from '#common/process/log'
import type { Collection } from '#common/store/store'
import type { RecordingDoc } from './store.ts'

export type ReconcileParts = {
  readonly table: Pick<Collection<RecordingDoc>, 'find'>
  readonly log: Log
  readonly now: () => number
  /** How long a recording waits for its source, ms. */
  readonly resumeGrace: number
  /** The recordings whose source sends now. */
  readonly busy: () => readonly string[]
  readonly handOver: (doc: RecordingDoc) => Promise<unknown>
  /** Tells the orchestrator that a recording lives, when it is time to. */
  readonly announceAlive: (id: string) => Promise<void>
  /** Ends a recording whose source went away. Throws Fault `stream-busy` when it is back. */
  readonly breakOff: (id: string) => Promise<unknown>
}

/** A store that answers this late was away meanwhile, ms. */
const STORE_AWAY = 1_000

/** Ends what waits too long for its source, and hands over what ended while the orchestrator was away. */
export const reconciler = (parts: ReconcileParts): (() => Promise<void>) => {
  const { table, log, now, resumeGrace, busy, handOver, announceAlive, breakOff } = parts
  // A recorder that was away cannot know how long a source was: all of them get the whole grace again. The same
  // after its store was away, when no source could be served.
  let graceSince = now()

  const findEnding = async (): Promise<readonly RecordingDoc[]> => {
    const asked = now()
    try {
      return await table.find({ where: { state: 'ending' } })
    } catch (error) {
      graceSince = now()
      throw error
    } finally {
      if (now() - asked > STORE_AWAY) graceSince = now()
    }
  }

  return async () => {
    for (const doc of await findEnding()) await handOver(doc)
    for (const id of busy()) await announceAlive(id)
    if (now() - graceSince <= resumeGrace) return
    const late = await table.find({
      where: { state: 'recording', touched_at: { lt: now() - resumeGrace } },
    })
    for (const { id } of late)
      if (!busy().includes(id))
        await breakOff(id).catch((error) =>
          log.warn('break-off-waits', { recording: id, ...errorFields(error) }),
        )
  }
}
