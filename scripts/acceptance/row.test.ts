import { describe, expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import { formatJson, formatText } from './report.ts'
import { fail, judgeRows, makeJudged, notRun, pass, type Row } from './row.ts'

const rows: readonly Row[] = [
  pass('healthy', 'alpha', '3 ms'),
  fail('limits', 'alpha', 'memory 1 MiB'),
  notRun('scan', 'images', 'no vulnerability database'),
]

describe('a verdict', () => {
  test('is 0 only when something was run and all of it passed', () => {
    expect(judgeRows([pass('a', 'b')])).toBe(0)
    expect(judgeRows([])).toBe(1)
  })
  test('is 1 when one failed, whatever was not run', () => expect(judgeRows(rows)).toBe(1))
  test('is 2 when nothing failed and something was not run', () => {
    expect(judgeRows([pass('a', 'b'), notRun('c', 'd', 'why')])).toBe(2)
    expect(judgeRows([notRun('c', 'd', 'why')])).toBe(2)
  })
})

test('what is wrong fails a check, all of it; the figure is shown when nothing is', () => {
  expect(makeJudged('limits', 'alpha', { wrong: [], figure: '5 MiB' })).toEqual(pass('limits', 'alpha', '5 MiB'))
  expect(makeJudged('limits', 'alpha', { wrong: ['a', 'b'], figure: '5 MiB' })).toEqual(fail('limits', 'alpha', 'a; b'))
})

test('the report is a row a check, what failed again below, and a closing line', () => {
  expect(formatText({ title: ['service', ' of pi@pi'], rows, style: plainStyle }).raw).toBe(
    [
      'CHECK    SUBJECT  RESULT   FIGURE OR REASON',
      'healthy  alpha    PASS     3 ms',
      'limits   alpha    FAIL     memory 1 MiB',
      'scan     images   NOT RUN  no vulnerability database',
      'FAIL     limits of alpha: memory 1 MiB',
      'NOT RUN: no vulnerability database (scan of images)',
      'service of pi@pi: 1 passed, 1 failed, 1 not run',
      '',
    ].join('\n'),
  )
})

test('as JSON the report has the same, and its exit code', () => {
  expect(JSON.parse(formatJson({ group: 'service', subject: 'pi@pi', rows, ms: 12 }).raw)).toEqual({
    group: 'service',
    subject: 'pi@pi',
    ok: false,
    verdict: 1,
    passed: 1,
    failed: 1,
    not_run: 1,
    ms: 12,
    checks: [
      { check: 'healthy', subject: 'alpha', result: 'PASS', detail: '3 ms' },
      { check: 'limits', subject: 'alpha', result: 'FAIL', detail: 'memory 1 MiB' },
      { check: 'scan', subject: 'images', result: 'NOT RUN', detail: 'no vulnerability database' },
    ],
  })
})
