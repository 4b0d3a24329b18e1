import { expect, test } from 'bun:test'
import type { Finding, FindingState } from '../finding.ts'
import { formatJson, formatProblems, formatText, makeReport } from './report.ts'
import { answer } from './watch.fixture.ts'

const finding = (subject: string, state: FindingState, evidence = '', remedy = ''): Finding => ({
  subject,
  state,
  evidence,
  remedy,
})
const notAsked = { asked: false, reason: 'no platform there' } as const
const report = (...findings: readonly Finding[]) =>
  makeReport({ services: [answer('alpha')], findings, facts: { asked: true, at: 5 } }, 9)

const mixed = report(
  finding('alpha', 'ok'),
  finding('disk:/', 'warn', '14 % free', 'du'),
  finding('memory:limits', 'unknown', 'cannot be read', 'docker stats'),
  finding('mongo', 'bad', 'there is no container of it', 'docker compose up -d mongo'),
)

test('the text is the table of services, then a line a problem, the worst first, with its remedy', () => {
  expect(formatText(mixed, { colour: false }).raw).toBe(
    [
      'SERVICE  STACK  STATE    MS  VERSION  DETAIL',
      'alpha    core   healthy   1',
      '',
      '1 of 1 healthy',
      "0 of 3 of the host's own well",
      '',
      'BAD      mongo: there is no container of it  ->  docker compose up -d mongo',
      'WARN     disk:/: 14 % free  ->  du',
      'UNKNOWN  memory:limits: cannot be read  ->  docker stats',
      '',
    ].join('\n'),
  )
})

test('a host that was not asked is said so, and counts as nothing', () => {
  const alone = makeReport({ services: [answer('alpha')], findings: [finding('alpha', 'ok')], facts: notAsked }, 9)
  expect(formatText(alone, { colour: false }).raw).toEndWith(
    '1 of 1 healthy\nNOT ASKED: engine facts (no platform there)\n',
  )
})

test('problems alone are nothing when all is well', () => {
  expect(formatProblems(report(finding('alpha', 'ok')), { colour: false }).raw).toBe('')
})

test('colour comes only on a terminal', () => {
  expect(formatProblems(mixed, { colour: true }).raw).toContain('\u001b[31mBAD')
  expect(formatProblems(mixed, { colour: false }).raw).not.toContain('\u001b')
})

test('the worst of all findings is the verdict; unknown weighs as a warning, and nothing found is bad', () => {
  const verdict = (...states: readonly FindingState[]) =>
    report(...states.map((state, i) => finding(`${i}`, state))).worst
  expect(verdict('ok', 'ok')).toBe('ok')
  expect(verdict('ok', 'unknown')).toBe('warn')
  expect(verdict('warn', 'ok')).toBe('warn')
  expect(verdict('warn', 'bad')).toBe('bad')
  expect(verdict()).toBe('bad')
})

test('the JSON is the report', () => {
  expect(JSON.parse(formatJson(mixed).raw)).toEqual({
    ok: false,
    worst: 'bad',
    checked_at: 9,
    facts: { asked: true, at: 5 },
    services: [answer('alpha')],
    findings: [...mixed.findings],
  })
})
