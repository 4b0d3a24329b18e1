import { type Static, Type } from '@sinclair/typebox'

/** What can be probed, in the order in which it is done. */
export const parts = ['health', 'function', 'session', 'load', 'errors'] as const
export type Part = (typeof parts)[number]

const Count = (maximum: number) => Type.Integer({ minimum: 1, maximum })

/** What a run of probes is asked to do. Sizes are bytes, times milliseconds. */
export const ProbeRequest = Type.Object(
  {
    /** Where each service answers, by name. One that is not in it is not probed. */
    urls: Type.Record(Type.String({ pattern: '^[a-z][a-z0-9-]{0,62}$' }), Type.String({ pattern: '^https?://' })),
    parts: Type.Array(Type.Union(parts.map((part) => Type.Literal(part)))),
    /** Recordings at once, and bytes of each. */
    load: Type.Object({ recordings: Count(10), bytes: Count(2 ** 26) }, { additionalProperties: false }),
    /** Longest time until a session is anchored. */
    anchorMs: Count(600_000),
  },
  { additionalProperties: false },
)
export type ProbeRequest = Static<typeof ProbeRequest>

/** How one check went. `detail` is a figure, the reason of a failure, or why it was not run. */
export type ProbeResult = {
  readonly part: Part
  /** What was checked, a few words. */
  readonly check: string
  readonly subject: string
  readonly result: 'pass' | 'fail' | 'not-run'
  readonly detail: string
}

/** Why a check cannot be made; everything else that is thrown is a failure. */
export class NotRun extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'NotRun'
  }
}
