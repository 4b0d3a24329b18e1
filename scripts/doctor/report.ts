import { type Look, paint } from '../cli/look.ts'
import type { Facts } from './facts.ts'
import type { Family, Rooted } from './finding.ts'

/** What was found on a host, as it is printed. */
export type Diagnosis = {
  readonly host: string
  readonly facts: Facts
  readonly findings: readonly Rooted[]
  /** Who changes the host right now. */
  readonly atWork: string | undefined
}

const titles: Readonly<Record<Family, string>> = {
  start: 'does not start',
  network: 'network',
  volume: 'permissions and room',
  slow: 'slow',
}

/** What comes from a host may hold anything: one line, without control characters. */
const clean = (text: string): string => text.replaceAll(/\p{C}+/gu, ' ').trim()

const places: Readonly<Record<'here' | 'host', string>> = { here: 'here   ', host: 'on host' }

/** As text, root causes first with their consequences under them; colours where the look has some. */
export const reportText = ({ host, facts, findings, atWork }: Diagnosis, look: Look): string => {
  const lines: string[] = []
  if (facts.wanted === undefined)
    lines.push(`${host}: nothing of Lucid is deployed in ${facts.dir}: bun run deploy:pi brings it`, '')
  if (atWork !== undefined)
    lines.push(`${host} is being changed by ${atWork}: what is found may be on its way`, '')
  for (const { family, kind, subject, what, evidence, cause, mend, consequences } of findings) {
    lines.push(
      `${paint(look, 'red', clean(subject))}: ${clean(what)} ${paint(look, 'dim', `[${titles[family]}: ${kind}]`)}`,
    )
    lines.push(`  seen     ${paint(look, 'dim', clean(evidence))}`)
    lines.push(`  because  ${clean(cause)}`)
    for (const { on, line } of mend) lines.push(`  ${places[on]}  ${paint(look, 'cyan', line)}`)
    if (mend.length === 0) lines.push('  no command mends this')
    if (consequences.length > 0) lines.push(`  explains`)
    for (const one of consequences) lines.push(`    ${clean(one.subject)}: ${clean(one.what)}`)
    lines.push('')
  }
  for (const gap of facts.gaps) lines.push(`not looked at: ${clean(gap)}`)
  const consequences = findings.reduce((sum, one) => sum + one.consequences.length, 0)
  lines.push(
    findings.length === 0
      ? paint(look, 'green', `${host}: nothing found`)
      : `${host}: ${findings.length} found${consequences > 0 ? `, which explain ${consequences} more` : ''}`,
  )
  return `${lines.join('\n')}\n`
}

/** As one JSON object. */
export const reportJson = ({ host, facts, findings, atWork }: Diagnosis): string =>
  `${JSON.stringify({
    host,
    dir: facts.dir,
    deployed: facts.wanted !== undefined,
    release: facts.wanted?.release ?? null,
    checked_at: facts.host.now * 1000,
    at_work: atWork ?? null,
    ok: findings.length === 0,
    findings,
    not_looked_at: facts.gaps,
  })}\n`
