import type { Command } from '#common/cli/args'
import { duration } from '#common/cli/format'
import { type Colour, detectStyle } from '#common/cli/style'
import { table } from '#common/cli/table'
import { runCommand } from '../cli/run-command.ts'
import { openHost } from '../host/open.ts'
import { targetFlags } from '../host/target.ts'
import { compareReleases, summarizeChanges } from './content/diff.ts'
import type { Release } from './content/release.ts'
import { observeHost, readRelease } from './host/observe.ts'
import { findPreviousId, groupRuns } from './run/journal.ts'

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

const colours: Readonly<Record<string, Colour>> = {
  done: 'green',
  undone: 'yellow',
  failed: 'red',
  open: 'red',
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const { shell, target } = openHost(flags, process.env)
  const style = detectStyle(process.stdout, process.env)
  try {
    const { current, entries, releases } = await observeHost(shell, target.dir)
    const previous = findPreviousId(entries, current)
    const known = new Map<string, Release>()
    for (const id of releases) {
      const release = await readRelease(shell, target.dir, id).catch(() => undefined)
      if (release !== undefined) known.set(id, release)
    }
    const runs = groupRuns(entries).map(({ begin, steps, end }) => {
      const to = known.get(begin.to)
      const from = begin.from === null ? undefined : known.get(begin.from)
      const seen = to !== undefined && (begin.from === null || from !== undefined)
      const failed = steps.find(({ phase }) => phase === 'failed')
      return {
        at: begin.at,
        by: begin.by,
        what: begin.what,
        from: begin.from,
        to: begin.to,
        outcome: end?.outcome ?? 'open',
        ms: end === undefined ? null : end.at - begin.at,
        changed: seen ? summarizeChanges(compareReleases(from, to)) : null,
        reason: end?.reason ?? failed?.reason ?? null,
      }
    })
    const held = [...known.values()]
      .toSorted((a, b) => a.madeAt - b.madeAt)
      .map(({ id, version, revision, madeBy, madeAt }) => ({
        id,
        state: id === current ? 'current' : id === previous ? 'previous' : 'held',
        version,
        revision,
        made_by: madeBy,
        made_at: madeAt,
      }))
    if (flags.json) {
      terminal.out(
        `${JSON.stringify({ current: current ?? null, previous: previous ?? null, releases: held, runs }, null, 2)}\n`,
      )
      return 0
    }
    if (runs.length === 0) {
      terminal.out(`nothing was brought to ${shell.name} yet: bun run deploy:pi\n`)
      return 0
    }
    const time = (at: number) => new Date(at).toISOString().replace('T', ' ').slice(0, 19)
    terminal.out(
      `${table(
        [
          { title: 'When (UTC)' },
          { title: 'Who' },
          { title: 'What' },
          { title: 'Ended' },
          { title: 'Took', align: 'right' },
          { title: 'Changed' },
          { title: 'Reason' },
        ],
        runs
          .slice(flags.all ? 0 : -SHOWN)
          .map(({ at, by, what, outcome, ms, changed, reason }) => [
            time(at),
            by,
            what,
            { text: outcome, colour: colours[outcome] ?? 'dim' },
            ms === null ? '' : duration(ms),
            changed ?? '',
            (reason ?? '').slice(0, 80),
          ]),
        style,
      )}\n\n${table(
        [
          { title: 'Held' },
          { title: 'State' },
          { title: 'Version' },
          { title: 'Revision' },
          { title: 'Made by' },
          { title: 'Made (UTC)' },
        ],
        held.map(({ id, state, version, revision, made_by, made_at }) => [
          id,
          state === 'current' ? { text: state, colour: 'green' } : state,
          version,
          `${revision.slice(0, 12)}${revision.endsWith('+') ? '+' : ''}`,
          made_by,
          time(made_at),
        ]),
        style,
      )}\n`,
    )
    return 0
  } finally {
    await shell.close()
  }
})
