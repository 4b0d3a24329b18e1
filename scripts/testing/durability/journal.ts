import type { Phase } from './deck.ts'
import type { Source } from './source.ts'

/** What was seen of one recording from the outside while it ran. */
export type Seen = {
  readonly id: string
  readonly client: string
  readonly source: Source
  /** Most bytes that were ever said to be acknowledged: the promise. */
  readonly acknowledged: number
  /** Looks at the progress that were answered. */
  readonly looks: number
  /** How often the client sent again from where the platform stood. */
  readonly resumed: number
}

export type Journal = {
  readonly begin: (id: string, client: string, source: Source) => void
  /** Notes what the recorder says to be acknowledged at this moment. */
  readonly look: (id: string, acknowledged: number) => void
  readonly resume: (id: string) => void
  readonly seen: () => readonly Seen[]
  /** Promises that were taken back: an acknowledged count became smaller. */
  readonly broken: () => readonly string[]
  /** Tells those who wait that a phase begins somewhere. */
  readonly announce: (phase: Phase) => void
  /** Resolves when the phase next begins. */
  readonly next: (phase: Phase) => Promise<void>
}

/** A new journal. */
export const journal = (): Journal => {
  const known = new Map<string, Seen>()
  const broken: string[] = []
  const waiting = new Map<Phase, PromiseWithResolvers<void>>()
  const announce = (phase: Phase) => {
    waiting.get(phase)?.resolve()
    waiting.delete(phase)
  }
  const note = (id: string, how: (seen: Seen) => Seen) => {
    const seen = known.get(id)
    if (seen) known.set(id, how(seen))
  }
  return {
    begin: (id, client, source) => {
      if (!known.has(id)) known.set(id, { id, client, source, acknowledged: 0, looks: 0, resumed: 0 })
    },
    look: (id, acknowledged) =>
      note(id, (seen) => {
        if (seen.acknowledged === 0 && acknowledged > 0 && acknowledged < seen.source.size)
          announce('acknowledged')
        if (acknowledged < seen.acknowledged)
          broken.push(`${id}: ${acknowledged} bytes acknowledged after ${seen.acknowledged} had been`)
        return { ...seen, acknowledged: Math.max(seen.acknowledged, acknowledged), looks: seen.looks + 1 }
      }),
    resume: (id) => note(id, (seen) => ({ ...seen, resumed: seen.resumed + 1 })),
    seen: () => [...known.values()],
    broken: () => broken,
    announce,
    next: (phase) => {
      const one = waiting.get(phase) ?? Promise.withResolvers<void>()
      waiting.set(phase, one)
      return one.promise
    },
  }
}
