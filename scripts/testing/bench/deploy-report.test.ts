import { expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import { deployReport, stagedRatio } from './deploy-report.ts'

const result = {
  host: 'an emulated Pi',
  containers: 16,
  first: { ms: 20_000, bytes: 2 ** 20 },
  staged: [10_000, 30_000],
  plain: [20_000, 20_000],
  nothing: [1_000, 2_000],
  started: 0,
  update: { service: 'merkle-builder', ms: 9_000, bytes: 169_000, layers: 100_000 },
  rollback: [8_000, 20_000, 9_000],
}

test('the ratio to Compose is the median over pairs of runs', () => {
  expect(stagedRatio(result)).toBe(1)
  expect(stagedRatio({ staged: [10, 10, 90], plain: [20, 20, 20] })).toBe(0.5)
})

test('the report says of each figure whether it is what is to be reached', () => {
  const words = (report: string, start: string) =>
    report
      .split('\n')
      .find((line) => line.startsWith(start))
      ?.trim()
      .split(/\s{2,}/)
      .slice(-2)
  const { raw: report } = deployReport(result, plainStyle)
  expect(words(report, 'deploy:pi / docker')).toEqual(['at most 1.50', 'yes'])
  expect(words(report, 'bytes of that')).toEqual(['1.05 x layers + 64 kB', 'yes'])
  expect(words(report, 'rollback')).toEqual(['under 15 s', 'yes'])
  const { raw: worse } = deployReport({ ...result, started: 1, nothing: [3_500] }, plainStyle)
  expect(words(worse, 'containers started')).toEqual(['0', 'no'])
  expect(words(worse, 'nothing changed')).toEqual(['under 3 s', 'no'])
})
