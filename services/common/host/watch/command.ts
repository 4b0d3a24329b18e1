import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorMessage } from '../../process/error.ts'
import { probe, type Target } from '../probe.ts'
import type { Expected } from './expected.ts'
import { type Facts, parseFacts } from './facts.ts'
import { unknown } from './finding.ts'
import { exitCodes, type Flags, type Given, knownFlags, readFlags } from './flags.ts'
import { type Counts, changesOf, isNews } from './history.ts'
import { type Journal, openJournal } from './journal.ts'
import { prometheusOf } from './prometheus.ts'
import { type Asked, jsonOf, problemsOf, textOf, type WatchReport, watchReport } from './report.ts'
import { findingsOf } from './rules.ts'
import { tell } from './webhook.ts'

/** What facts.sh printed; or why the host was not asked; or why asking it went wrong, which is not well. */
export type Gathered = { readonly text: string } | { readonly notAsked: string } | { readonly failed: string }

/** One form of the watch: `bun health/check.ts` and `server-tools watch` differ in where they look. */
export type WatchProgram = {
  /** Begins its messages. */
  readonly name: string
  readonly argv: readonly string[]
  readonly flags: Flags
  readonly help: string
  readonly targets: (given: Given) => readonly Target[]
  readonly expected: (given: Given) => readonly Expected[]
  readonly gather: (given: Given) => Promise<Gathered>
  /** Path of the log of state changes. */
  readonly log: string
  /** URL that changes are posted to. */
  readonly webhook?: string | undefined
  readonly colour: boolean
  readonly now: () => number
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

const UNREADABLE = 'what was given is not what facts.sh prints'

type Host = { readonly asked: Asked; readonly facts?: Facts; readonly failed?: string }

const hostOf = (gathered: Gathered): Host => {
  if ('notAsked' in gathered) return { asked: { asked: false, reason: gathered.notAsked } }
  if ('failed' in gathered)
    return { asked: { asked: false, reason: gathered.failed }, failed: gathered.failed }
  const facts = parseFacts(gathered.text)
  return facts === undefined
    ? { asked: { asked: false, reason: UNREADABLE }, failed: UNREADABLE }
    : { asked: { asked: true, ...(facts.at !== undefined && { at: facts.at }) }, facts }
}

/** What grows, by the subject of the rule that looks at it. */
const countsOf = ({ containers, oomKills }: Facts): Counts =>
  new Map([
    ...containers.map(
      ({ service, id, restarts }) => [`restarts:${service}`, { id, count: restarts }] as const,
    ),
    ...(oomKills === undefined ? [] : [['memory:kills', { id: 'kernel', count: oomKills }] as const]),
  ])

const remembered = (program: WatchProgram): Journal | { readonly failed: string } => {
  try {
    return openJournal(program.log, program.now)
  } catch (error) {
    return { failed: errorMessage(error) }
  }
}

const passOn = async (
  { webhook }: WatchProgram,
  { findings, checked_at }: WatchReport,
  journal: Journal,
  { all, facts }: { readonly all: boolean; readonly facts: Facts | undefined },
): Promise<void> => {
  const changes = changesOf(findings, journal.history.states, { all })
  journal.changed(changes)
  if (facts !== undefined) journal.counted(countsOf(facts))
  const news = [...journal.history.untold, ...changes.filter(isNews)]
  if (webhook && news.length > 0) {
    await tell(webhook, news, { checkedAt: checked_at })
    journal.told()
  }
}

/** At once and whole, or not at all: the collector reads whenever it likes. */
const writeWhole = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.part`, text, { mode: 0o644 })
  renameSync(`${path}.part`, path)
}

/** The host's clock where it says what it is, so that ages are not those of another machine's clock. */
const clockOf = (facts: Facts | undefined, now: number): number =>
  facts?.at === undefined || Math.abs(now - facts.at) > 60_000 ? now : facts.at

const look = async (program: WatchProgram, given: Given, journal: Journal | { readonly failed: string }) => {
  const [services, gathered] = await Promise.all([
    Promise.all(program.targets(given).map((target) => probe(target))),
    program.gather(given),
  ])
  const { asked, facts, failed } = hostOf(gathered)
  const now = program.now()
  const findings = findingsOf({
    services,
    expected: program.expected(given),
    ...(facts && { facts }),
    counts: 'failed' in journal ? new Map() : journal.history.counts,
    now: clockOf(facts, now),
    chosen: given.stacks,
  })
  const own =
    failed === undefined || given.stacks.length > 0
      ? []
      : [{ subject: 'facts:host', ...unknown(`the host could not be asked: ${failed}`, 'sh facts.sh DIR') }]
  return { report: watchReport({ services, findings: [...findings, ...own], facts: asked }, now), facts }
}

/**
 * One check; answers the exit code. Log, webhook and metrics may fail: that is said on `err`, and the check itself is
 * still reported.
 */
export const watch = async (program: WatchProgram): Promise<number> => {
  const { name, flags, argv, out, err, colour } = program
  let given: Given
  try {
    given = readFlags(flags, argv)
  } catch (error) {
    err(`${name}: ${errorMessage(error)}\nknown flags: ${knownFlags(flags)}\n`)
    return exitCodes.usage
  }
  if (given.help) {
    out(program.help)
    return exitCodes.ok
  }
  const journal = remembered(program)
  const { report, facts } = await look(program, given, journal)
  if (given.given.has('json')) out(jsonOf(report))
  else out(given.given.has('quiet') ? problemsOf(report, { colour }) : textOf(report, { colour }))
  if (report.findings.length === 0) err(`${name}: the catalogue lists no service there\n`)
  try {
    if ('failed' in journal) throw new Error(journal.failed)
    await passOn(program, report, journal, {
      all: facts?.allContainers === true && given.stacks.length === 0,
      facts,
    })
  } catch (error) {
    err(`${name}: state changes were not passed on: ${errorMessage(error)}; the next check tries again\n`)
  }
  const file = given.values['prometheus']
  try {
    if (file !== undefined) writeWhole(file, prometheusOf(report, facts))
  } catch (error) {
    err(`${name}: ${file} could not be written: ${errorMessage(error)}\n`)
  }
  return exitCodes[report.worst]
}
