import type { Style } from '#common/cli/style'
import { type Line, type Text, text } from '#common/cli/text'
import type { Facts } from './facts.ts'
import type { Family, RootCause } from './finding.ts'

/** What was found on a host, as it is printed. */
export type Diagnosis = { readonly host: string; readonly facts: Facts; readonly findings: readonly RootCause[] }

const readHolder = ({ host: { lease, at = 0 } }: Facts): string | undefined =>
  lease !== undefined && lease.until > at ? `${lease.by} (${lease.what})` : undefined

const titles: Readonly<Record<Family, string>> = {
  start: 'does not start',
  network: 'network',
  volume: 'permissions and room',
  slow: 'slow',
}

const places: Readonly<Record<'here' | 'host', string>> = { here: 'here   ', host: 'on host' }

/** As text, root causes first with their consequences under them; colours where the look has some. */
export const reportText = ({ host, facts, findings }: Diagnosis, style: Style): Text => {
  const holder = readHolder(facts)
  const lines: Line[] = []
  if (facts.expected === undefined)
    lines.push(`${host}: nothing of Lucid is deployed in ${facts.dir}: bun run deploy:pi brings it`, '')
  if (holder !== undefined) lines.push(`${host} is being changed by ${holder}: what is found may be on its way`, '')
  for (const { family, kind, subject, what, evidence, cause, repair, consequences } of findings) {
    lines.push([
      { text: subject, colour: 'red' },
      `: ${what} `,
      { text: `[${titles[family]}: ${kind}]`, colour: 'dim' },
    ])
    lines.push(['  seen     ', { text: evidence, colour: 'dim' }])
    lines.push(`  because  ${cause}`)
    for (const { on, line } of repair) lines.push([`  ${places[on]}  `, { text: line, colour: 'cyan' }])
    if (repair.length === 0) lines.push('  no command repairs this')
    if (consequences.length > 0) lines.push(`  explains`)
    for (const one of consequences) lines.push(`    ${one.subject}: ${one.what}`)
    lines.push('')
  }
  for (const gap of facts.gaps) lines.push(`not inspected: ${gap}`)
  const consequences = findings.reduce((sum, one) => sum + one.consequences.length, 0)
  lines.push(
    findings.length === 0
      ? { text: `${host}: nothing found`, colour: 'green' }
      : `${host}: ${findings.length} found${consequences > 0 ? `, which explain ${consequences} more` : ''}`,
  )
  return text(lines, style)
}

/** As one JSON object. */
export const reportJson = ({ host, facts, findings }: Diagnosis): string =>
  `${JSON.stringify({
    host,
    dir: facts.dir,
    deployed: facts.expected !== undefined,
    release: facts.expected?.release ?? null,
    checked_at: facts.host.at ?? null,
    at_work: readHolder(facts) ?? null,
    ok: findings.length === 0,
    findings,
    not_inspected: facts.gaps,
  })}\n`
