import { type Clocks, clockSteps } from '#common/process/clock'
import { errorFields, type Log } from '#common/process/log'
import type { Collection, Range } from '#common/store/store'
import type { RecordingDoc } from './store.ts'

export type ReconcileParts = Clocks & {
  readonly table: Pick<Collection<RecordingDoc>, 'find'>
  readonly log: Log
  readonly resumeGrace: number
  readonly pauseGrace: number
  readonly busy: () => readonly string[]
  readonly handOver: (doc: RecordingDoc) => Promise<unknown>
  /** Tells the orchestrator that a recording lives, when it is time to. Answers whether its session is over. */
  readonly announceAlive: (id: string) => Promise<boolean>
  /** Ends a recording while its source sends. Throws Fault `stream-busy` when that one is at its end. */
  readonly stop: (id: string) => Promise<unknown>
  /** Ends a recording whose source went away. Throws Fault `stream-busy` when it is back. */
  readonly breakOff: (id: string) => Promise<unknown>
}

/** A store that answers this late was away meanwhile, ms. */
const STORE_AWAY = 1_000

/** Ends what waits too long for its source, and hands over what ended while the orchestrator was away. */
export const reconciler = (parts: ReconcileParts): (() => Promise<void>) => {
  const { table, log, now, steady, resumeGrace, pauseGrace, busy, handOver, announceAlive, stop, breakOff } = parts
  // A recorder that was away cannot know how long a source was: all of them get the whole grace again. The same
  // after its store was away, when no source could be served, or after the clock was set: the times by which their
  // sources were last there are of another clock then.
  let graceSince = steady()
  const clockStep = clockSteps(parts)

  const findEnding = async (): Promise<readonly RecordingDoc[]> => {
    const asked = steady()
    try {
      return await table.find({ where: { state: 'ending' } })
    } catch (error) {
      graceSince = steady()
      throw error
    } finally {
      if (steady() - asked > STORE_AWAY) graceSince = steady()
    }
  }

  return async () => {
    for (const doc of await findEnding()) await handOver(doc)
    for (const id of busy())
      if (await announceAlive(id))
        await stop(id).catch((error) => log.warn('stop-waits', { recording: id, ...errorFields(error) }))
    const step = clockStep()
    if (step !== 0) {
      log.warn('clock-set', { by_ms: step })
      graceSince = steady()
    }
    if (steady() - graceSince <= resumeGrace) return
    const findTouched = (touched_at: Range<number>) => table.find({ where: { state: 'recording', touched_at } })
    // Who was last there at a time that is still to come was so before the clock was set, and that is a grace ago.
    const late = await Promise.all([findTouched({ lt: now() - resumeGrace }), findTouched({ gt: now() })])
    const isPatient = ({ paused, touched_at }: RecordingDoc) =>
      paused === true && (steady() - graceSince <= pauseGrace || Math.abs(now() - touched_at) <= pauseGrace)
    for (const { id } of late.flat().filter((doc) => !isPatient(doc)))
      if (!busy().includes(id))
        await breakOff(id).catch((error) => log.warn('break-off-waits', { recording: id, ...errorFields(error) }))
  }
}
