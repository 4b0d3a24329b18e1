import type { Phase } from './fault-schedule.ts'
import type { Source } from './source.ts'

/** What was seen of one recording from the outside while it ran. */
export type Observation = {
  readonly id: string
  readonly client: string
  readonly source: Source
  /** Most bytes that were ever said to be acknowledged: the promise. */
  readonly acknowledged: number
  /** Questions about the progress that were answered. */
  readonly answers: number
  /** How often the client sent again from where the platform stood. */
  readonly resumed: number
}

/** A new journal. */
export const openJournal = () => {
  const byId = new Map<string, Observation>()
  const broken: string[] = []
  const waiting = new Map<Phase, PromiseWithResolvers<void>>()
  const announce = (phase: Phase) => {
    waiting.get(phase)?.resolve()
    waiting.delete(phase)
  }
  const note = (id: string, how: (before: Observation) => Observation) => {
    const before = byId.get(id)
    if (before) byId.set(id, how(before))
  }
  return {
    begin: (id: string, client: string, source: Source) => {
      if (!byId.has(id)) byId.set(id, { id, client, source, acknowledged: 0, answers: 0, resumed: 0 })
    },
    /** Notes what the recorder says to be acknowledged at this moment. */
    observe: (id: string, acknowledged: number) =>
      note(id, (before) => {
        if (before.acknowledged === 0 && acknowledged > 0 && acknowledged < before.source.size) announce('acknowledged')
        if (acknowledged < before.acknowledged)
          broken.push(`${id}: ${acknowledged} bytes acknowledged after ${before.acknowledged} had been`)
        return { ...before, acknowledged: Math.max(before.acknowledged, acknowledged), answers: before.answers + 1 }
      }),
    resume: (id: string) => note(id, (before) => ({ ...before, resumed: before.resumed + 1 })),
    observations: (): readonly Observation[] => [...byId.values()],
    /** Promises that were taken back: an acknowledged count became smaller. */
    broken: (): readonly string[] => broken,
    /** Tells those who wait that a phase begins somewhere. */
    announce,
    /** Resolves when the phase next begins. */
    next: (phase: Phase) => {
      const one = waiting.get(phase) ?? Promise.withResolvers<void>()
      waiting.set(phase, one)
      return one.promise
    },
  }
}

export type Journal = ReturnType<typeof openJournal>
