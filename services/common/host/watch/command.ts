import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Print } from '../../cli/text.ts'
import { errorMessage } from '../../process/error.ts'
import { type HostFacts, parseFacts } from '../facts/host-facts.ts'
import { unknown } from '../finding.ts'
import { probe, type Target } from '../probe.ts'
import { countBoot, judgeClock, readBoot } from './clock.ts'
import type { Expected } from './expected.ts'
import { exitCodes, type WatchFlags } from './flags.ts'
import { type Counts, findChanges, isNews } from './history.ts'
import { type Journal, openJournal } from './journal.ts'
import { formatPrometheus } from './prometheus.ts'
import { type Asked, formatJson, formatProblems, formatText, makeReport, type WatchReport } from './report.ts'
import { judgeAll } from './rules.ts'
import { postChanges } from './webhook.ts'

/** What facts.sh printed; or why the host was not asked; or why asking it went wrong, which is not well. */
export type Gathered = { readonly text: string } | { readonly notAsked: string } | { readonly failed: string }

/** One form of the watch: `bun health/check.ts` and `server-tools watch` differ in where they look. */
export type WatchProgram = {
  readonly name: string
  readonly flags: WatchFlags
  readonly targets: readonly Target[]
  readonly expected: readonly Expected[]
  readonly gather: () => Promise<Gathered>
  readonly log: string
  readonly webhook?: string | undefined
  readonly colour: boolean
  readonly now: () => number
  readonly out: Print
  readonly err: Print
}

const UNREADABLE = 'what was given is not what facts.sh prints'

type Host = { readonly asked: Asked; readonly facts?: HostFacts; readonly failed?: string }

const readHost = (gathered: Gathered): Host => {
  if ('notAsked' in gathered) return { asked: { asked: false, reason: gathered.notAsked } }
  if ('failed' in gathered) return { asked: { asked: false, reason: gathered.failed }, failed: gathered.failed }
  const facts = parseFacts(gathered.text)
  return facts === undefined
    ? { asked: { asked: false, reason: UNREADABLE }, failed: UNREADABLE }
    : { asked: { asked: true, ...(facts.at !== undefined && { at: facts.at }) }, facts }
}

const countGrowing = ({ containers, oomKills }: HostFacts): Counts =>
  new Map([
    ...containers.map(({ service, id, restarts }) => [`restarts:${service}`, { id, count: restarts }] as const),
    ...(oomKills === undefined ? [] : [['memory:kills', { id: 'kernel', count: oomKills }] as const]),
  ])

const openMemory = (program: WatchProgram): Journal | { readonly failed: string } => {
  try {
    return openJournal(program.log, program.now)
  } catch (error) {
    return { failed: errorMessage(error) }
  }
}

const publishChanges = async (
  { webhook, now }: WatchProgram,
  { findings, checked_at }: WatchReport,
  journal: Journal,
  { all, facts }: { readonly all: boolean; readonly facts: HostFacts | undefined },
): Promise<void> => {
  const changes = findChanges(findings, journal.history.states, { all })
  journal.recordChanges(changes)
  journal.recordCounts(countBoot(readBoot(now()), journal.history.counts))
  if (facts !== undefined) journal.recordCounts(countGrowing(facts))
  const news = [...journal.history.untold, ...changes.filter(isNews)]
  if (webhook && news.length > 0) {
    await postChanges(webhook, news, { checkedAt: checked_at })
    journal.markTold()
  }
}

/** At once and whole, or not at all: the collector reads whenever it likes. */
const writeWhole = (path: string, text: string): void => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.part`, text, { mode: 0o644 })
  renameSync(`${path}.part`, path)
}

/** The host's clock where it says what it is, so that ages are not those of another machine's clock. */
const chooseClock = (facts: HostFacts | undefined, now: number): number =>
  facts?.at === undefined || Math.abs(now - facts.at) > 60_000 ? now : facts.at

const runChecks = async (program: WatchProgram, journal: Journal | { readonly failed: string }) => {
  const [services, gathered] = await Promise.all([
    Promise.all(program.targets.map((target) => probe(target))),
    program.gather(),
  ])
  const { asked, facts, failed } = readHost(gathered)
  const now = program.now()
  const findings = judgeAll({
    services,
    expected: program.expected,
    ...(facts && { facts }),
    counts: 'failed' in journal ? new Map() : journal.history.counts,
    now: chooseClock(facts, now),
    chosen: program.flags.stack,
  })
  const own =
    failed === undefined || program.flags.stack.length > 0
      ? []
      : [{ subject: 'facts:host', ...unknown(`the host could not be asked: ${failed}`, 'sh facts.sh DIR') }]
  const clock = 'failed' in journal ? [] : judgeClock(readBoot(now), journal.history)
  return { report: makeReport({ services, findings: [...findings, ...own, ...clock], facts: asked }, now), facts }
}

/** One check; answers the exit code. Log, webhook and metrics may fail: that is said on `err`. */
export const watch = async (program: WatchProgram): Promise<number> => {
  const { name, flags, out, err, colour } = program
  const journal = openMemory(program)
  const { report, facts } = await runChecks(program, journal)
  if (flags.json) out(formatJson(report))
  else out(flags.quiet ? formatProblems(report, { colour }) : formatText(report, { colour }))
  if (report.findings.length === 0) err(`${name}: the catalogue lists no service there\n`)
  try {
    if ('failed' in journal) throw new Error(journal.failed)
    await publishChanges(program, report, journal, {
      all: facts?.allContainers === true && flags.stack.length === 0,
      facts,
    })
  } catch (error) {
    err(`${name}: state changes were not passed on: ${errorMessage(error)}; the next check tries again\n`)
  }
  const file = flags.prometheus
  try {
    if (file !== undefined) writeWhole(file, formatPrometheus(report, facts))
  } catch (error) {
    err(`${name}: ${file} could not be written: ${errorMessage(error)}\n`)
  }
  return exitCodes[report.worst]
}
