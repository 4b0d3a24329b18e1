import { plainStyle } from '../../cli/style.ts'
import { jsonText, type Line, type Text, text } from '../../cli/text.ts'
import { type Finding, type FindingState, worst } from '../finding.ts'
import { reportOf as servicesOf, tableOf as serviceTable } from '../health-report.ts'
import type { Result } from '../probe.ts'

/** Whether the host was asked about itself; without that only services were. */
export type Asked = { readonly asked: true; readonly at?: number } | { readonly asked: false; readonly reason: string }

export type WatchReport = {
  /** Nothing is bad, and no warning. */
  readonly ok: boolean
  readonly worst: 'ok' | 'warn' | 'bad'
  readonly checked_at: number
  readonly facts: Asked
  readonly services: readonly Result[]
  readonly findings: readonly Finding[]
}

/** `checkedAt` in epoch ms. Where nothing was found nothing was looked at, which is bad. */
export const makeReport = (
  seen: Pick<WatchReport, 'services' | 'findings' | 'facts'>,
  checkedAt: number,
): WatchReport => {
  const verdict = seen.findings.length === 0 ? 'bad' : worst(seen.findings)
  return {
    ok: verdict === 'ok',
    worst: verdict,
    checked_at: checkedAt,
    facts: seen.facts,
    services: seen.services,
    findings: seen.findings,
  }
}

export const formatJson = (report: WatchReport): Text => jsonText(report)

const marks: Readonly<Record<FindingState, readonly [mark: string, colour: 'green' | 'yellow' | 'red']>> = {
  ok: ['OK', 'green'],
  warn: ['WARN', 'yellow'],
  unknown: ['UNKNOWN', 'yellow'],
  bad: ['BAD', 'red'],
}
const weight: readonly FindingState[] = ['bad', 'warn', 'unknown']

const problemLines = ({ findings }: Pick<WatchReport, 'findings'>): readonly Line[] =>
  weight
    .flatMap((state) => findings.filter((finding) => finding.state === state))
    .map(({ subject, state, evidence, remedy }) => {
      const [mark, colour] = marks[state]
      const advice = remedy === '' ? '' : `  ->  ${remedy}`
      return [{ text: mark.padEnd(7), colour }, `  ${subject}: ${evidence}${advice}`]
    })

/** A line a problem with its remedy, the worst first; empty when there is none. Plain text unless `colour`. */
export const formatProblems = (report: Pick<WatchReport, 'findings'>, { colour }: { readonly colour: boolean }): Text =>
  text(problemLines(report), { ...plainStyle, colour })

const notAsked = ({ facts }: Pick<WatchReport, 'facts'>): readonly Line[] =>
  facts.asked ? [] : [`NOT ASKED: engine facts (${facts.reason})`]

/** The table of services, a line a problem, and what was not asked. */
export const formatText = (report: WatchReport, { colour }: { readonly colour: boolean }): Text => {
  const table = serviceTable(servicesOf(report.services, report.checked_at), { colour })
  const host = report.findings.filter(({ subject }) => !report.services.some(({ name }) => name === subject))
  const well = host.filter(({ state }) => state === 'ok').length
  const counted = report.facts.asked && host.length > 0 ? [`${well} of ${host.length} of the host's own well`] : []
  const problems = problemLines(report)
  return text([table, ...counted, ...notAsked(report), ...(problems.length === 0 ? [] : ['', ...problems])], {
    ...plainStyle,
    colour,
  })
}
