import { countOf, jsonOf, objectOf, textOf } from './read.ts'
import type { Sections } from './sections.ts'

/** What the deployer left in the platform's folder. */
export type Deploy = {
  /** Id of the committed release. */
  readonly release?: string
  /** A run that the journal begins and does not end. */
  readonly openRun?: { readonly run: string; readonly what: string }
  /** Who changes the host now. `until` in epoch ms: after that the lease is nobody's. */
  readonly lease?: { readonly by: string; readonly what: string; readonly until: number }
}

/** The last run of the journal, unless its end stands there too. Steps in between do not matter here. */
const openRunOf = (lines: readonly string[]): Deploy['openRun'] => {
  let open: { readonly run: string; readonly what: string } | undefined
  for (const line of lines) {
    const { phase, run, what, kind } = objectOf(jsonOf(line))
    if (phase === 'begin') open = { run: textOf(run), what: textOf(what) || textOf(kind) }
    if (phase === 'end' && textOf(run) === open?.run) open = undefined
  }
  return open
}

/** `TOKEN SECONDS {"by":...,"what":...}` */
const leaseOf = (line = ''): Deploy['lease'] => {
  const [, seconds, holder = ''] = /^\d+ (\d+) (\{.*)$/.exec(line) ?? []
  const until = countOf(seconds)
  if (until === undefined) return undefined
  const { by, what } = objectOf(jsonOf(holder))
  return { by: textOf(by) || 'somebody', what: textOf(what) || 'an unknown command', until: until * 1000 }
}

/** Reads the sections `release`, `lease` and `journal`. */
export const deployOf = (sections: Sections): Deploy => {
  const release = textOf(sections.get('release')?.[0])
  const openRun = openRunOf(sections.get('journal') ?? [])
  const lease = leaseOf(sections.get('lease')?.[0])
  return {
    ...(/^[\w.-]{1,80}$/.test(release) && { release }),
    ...(openRun && { openRun }),
    ...(lease && { lease }),
  }
}
