import type { Sections } from './sections.ts'
import { parseJson, readCount, readObject, readText } from './values.ts'

/** What the deployer left in the platform's folder. */
export type DeployState = {
  readonly release?: string
  /** Whose the volumes are: drawn when the host was deployed to first, or when an older release's became its own. */
  readonly installation?: string
  /** A run that the journal begins and does not end. */
  readonly openRun?: { readonly run: string; readonly what: string }
  /** Who changes the host now. `until` in epoch ms: after that the lease is nobody's. */
  readonly lease?: { readonly by: string; readonly what: string; readonly until: number }
}

/** The last run of the journal, unless its end stands there too. Steps in between do not matter here. */
const parseOpenRun = (lines: readonly string[]): DeployState['openRun'] => {
  let open: { readonly run: string; readonly what: string } | undefined
  for (const line of lines) {
    const { phase, run, what, kind } = readObject(parseJson(line))
    if (phase === 'begin') open = { run: readText(run), what: readText(what) || readText(kind) }
    if (phase === 'end' && readText(run) === open?.run) open = undefined
  }
  return open
}

/** `TOKEN SECONDS {"by":...,"what":...}` */
const parseLease = (line = ''): DeployState['lease'] => {
  const [, seconds, holder = ''] = /^\d+ (\d+) (\{.*)$/.exec(line) ?? []
  const until = readCount(seconds)
  if (until === undefined) return undefined
  const { by, what } = readObject(parseJson(holder))
  return { by: readText(by) || 'somebody', what: readText(what) || 'an unknown command', until: until * 1000 }
}

/** Reads the sections `installation`, `release`, `lease` and `journal`. */
export const parseDeployState = (sections: Sections): DeployState => {
  const release = readText(sections.get('release')?.[0])
  const openRun = parseOpenRun(sections.get('journal') ?? [])
  const lease = parseLease(sections.get('lease')?.[0])
  const installation = readText(sections.get('installation')?.[0])
  return {
    ...(/^[0-9a-f-]{36}$/.test(installation) && { installation }),
    ...(/^[\w.-]{1,80}$/.test(release) && { release }),
    ...(openRun && { openRun }),
    ...(lease && { lease }),
  }
}
