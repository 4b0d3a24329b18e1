import { describe, expect, test } from 'bun:test'
import { type Entry, findOpenRun, type RunKind } from './journal.ts'
import { chooseRollback, findSnapshotRun } from './rollback-rules.ts'

let runs = 0
const run = (
  from: string | null,
  to: string,
  {
    kind = 'deploy',
    outcome = 'done',
    steps = [],
  }: { kind?: RunKind; outcome?: 'done' | 'cut'; steps?: string[] } = {},
): readonly Entry[] => {
  const id = `run-${runs++}`
  return [
    { at: runs, run: id, phase: 'begin', kind, from, to, by: 'a@b', what: `${kind} ${to}` },
    ...steps.map((step) => ({ at: runs, run: id, step, phase: 'done' }) as const),
    ...(outcome === 'cut' ? [] : [{ at: runs, run: id, phase: 'end', outcome: 'done' } as const]),
  ]
}
const choose = (current: string, entries: readonly Entry[]) =>
  chooseRollback({ current, entries }, findOpenRun(entries))

describe('a rollback without an argument goes to', () => {
  const two = [...run(null, 'r-1'), ...run('r-1', 'r-2')]
  test.each<[string, string, readonly Entry[], string | undefined]>([
    ['the release before', 'r-2', two, 'r-1'],
    ['none where there was one alone', 'r-1', run(null, 'r-1'), undefined],
    [
      'the one that runs, when the next was cut before its commit',
      'r-2',
      [...two, ...run('r-2', 'r-3', { outcome: 'cut' })],
      'r-2',
    ],
    [
      'the one before one that was cut behind its commit',
      'r-3',
      [...two, ...run('r-2', 'r-3', { outcome: 'cut' })],
      'r-2',
    ],
    [
      'itself, when it was cut behind its commit',
      'r-1',
      [...two, ...run('r-2', 'r-1', { kind: 'rollback', outcome: 'cut' })],
      'r-1',
    ],
    ['the first of all, when that was cut behind its commit', 'r-1', run(null, 'r-1', { outcome: 'cut' }), 'r-1'],
  ])('%s', (_, current, entries, target) => {
    expect(choose(current, entries)).toBe(target)
  })
})

test('a snapshot is one of the run that brought the current release over the older one', () => {
  const plain = [...run(null, 'r-1'), ...run('r-1', 'r-2')]
  expect(findSnapshotRun({ current: 'r-2', entries: plain }, 'r-1')).toBeUndefined()
  const entries = [...run(null, 'r-1'), ...run('r-1', 'r-2', { steps: ['snapshot', 'migrate'] })]
  expect(findSnapshotRun({ current: 'r-2', entries }, 'r-1')).toMatchObject({ from: 'r-1', to: 'r-2' })
  expect(findSnapshotRun({ current: 'r-2', entries }, 'r-0')).toBeUndefined()
})
