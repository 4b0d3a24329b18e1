import type { Command } from '#common/cli/args'
import { duration } from '#common/cli/format'
import { type Colour, detectStyle, type Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { jsonText, type Text, text } from '#common/cli/text'
import { runCommand } from '../cli/run-command.ts'
import { withHost } from '../host/open.ts'
import type { Shell } from '../host/shell.ts'
import { targetFlags } from '../host/target.ts'
import { compareReleases, summarizeChanges } from './content/diff.ts'
import type { Release } from './content/release.ts'
import { observeHost, readRelease } from './host/observe.ts'
import { findPreviousId, groupRuns, type RunRecord } from './run/journal.ts'

export const command = {
  name: 'releases',
  about: 'lists what was brought to a host: who, when, what changed, how it ended; and what it still holds',
  flags: {
    ...targetFlags,
    all: { type: 'boolean', about: 'all runs, not only the last twenty' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run releases', 'bun run releases --json'],
} as const satisfies Command

const SHOWN = 20

const colours: Readonly<Record<string, Colour>> = { done: 'green', undone: 'yellow', failed: 'red', open: 'red' }

const describeRun = ({ begin, steps, end }: RunRecord, known: ReadonlyMap<string, Release>) => {
  const to = known.get(begin.to)
  const from = begin.from === null ? undefined : known.get(begin.from)
  const isKnown = to !== undefined && (begin.from === null || from !== undefined)
  const failed = steps.find(({ phase }) => phase === 'failed')
  return {
    at: begin.at,
    by: begin.by,
    what: begin.what,
    from: begin.from,
    to: begin.to,
    outcome: end?.outcome ?? 'open',
    ms: end === undefined ? null : end.at - begin.at,
    changed: isKnown ? summarizeChanges(compareReleases(from, to)) : null,
    reason: end?.reason ?? failed?.reason ?? null,
  }
}

const describeRelease = (
  { id, version, revision, madeBy, madeAt }: Release,
  { current, previous }: { readonly current: string | undefined; readonly previous: string | undefined },
) => ({
  id,
  state: id === current ? 'current' : id === previous ? 'previous' : 'held',
  version,
  revision,
  made_by: madeBy,
  made_at: madeAt,
})

const formatTime = (at: number) => new Date(at).toISOString().replace('T', ' ').slice(0, 19)

const renderRuns = (runs: readonly ReturnType<typeof describeRun>[], style: Style): Text =>
  table(
    [
      { title: 'When (UTC)' },
      { title: 'Who' },
      { title: 'What' },
      { title: 'Ended' },
      { title: 'Took', align: 'right' },
      { title: 'Changed' },
      { title: 'Reason' },
    ],
    runs.map(({ at, by, what, outcome, ms, changed, reason }) => [
      formatTime(at),
      by,
      what,
      { text: outcome, colour: colours[outcome] ?? 'dim' },
      ms === null ? '' : duration(ms),
      changed ?? '',
      (reason ?? '').slice(0, 80),
    ]),
    style,
  )

const renderReleases = (releases: readonly ReturnType<typeof describeRelease>[], style: Style): Text =>
  table(
    [
      { title: 'Held' },
      { title: 'State' },
      { title: 'Version' },
      { title: 'Revision' },
      { title: 'Made by' },
      { title: 'Made (UTC)' },
    ],
    releases.map(({ id, state, version, revision, made_by, made_at }) => [
      id,
      state === 'current' ? { text: state, colour: 'green' } : state,
      version,
      `${revision.slice(0, 12)}${revision.endsWith('+') ? '+' : ''}`,
      made_by,
      formatTime(made_at),
    ]),
    style,
  )

const readReleases = async (shell: Shell, dir: string, ids: readonly string[]) => {
  const byId = new Map<string, Release>()
  for (const id of ids) {
    const release = await readRelease(shell, dir, id).catch(() => undefined)
    if (release !== undefined) byId.set(id, release)
  }
  return byId
}

await runCommand(import.meta.main, command, ({ flags, terminal }) =>
  withHost(flags, process.env, async ({ shell, target }) => {
    const { current, entries, releases: ids } = await observeHost(shell, target.dir)
    const previous = findPreviousId(entries, current)
    const known = await readReleases(shell, target.dir, ids)
    const runs = groupRuns(entries).map((run) => describeRun(run, known))
    const releases = [...known.values()]
      .toSorted((a, b) => a.madeAt - b.madeAt)
      .map((release) => describeRelease(release, { current, previous }))
    const style = detectStyle(process.stdout, process.env)
    if (flags.json) terminal.out(jsonText({ current: current ?? null, previous: previous ?? null, releases, runs }))
    else if (runs.length === 0) terminal.out(`nothing was brought to ${shell.name} yet: bun run deploy:pi\n`)
    else
      terminal.out(text([renderRuns(runs.slice(flags.all ? 0 : -SHOWN), style), '', renderReleases(releases, style)]))
    return 0
  }),
)
