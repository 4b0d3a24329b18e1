import { expect, test } from 'bun:test'
import {
  committed,
  type Entry,
  type Outcome,
  openRun,
  parseJournal,
  previousOf,
  type RunKind,
} from './journal.ts'

const run = (
  id: number,
  kind: RunKind,
  from: string | null,
  to: string,
  outcome?: Outcome,
): readonly Entry[] => [
  { at: id, run: `run-${id}`, phase: 'begin', kind, from, to, by: 'test', what: `${kind} ${to}` },
  ...(outcome === undefined ? [] : [{ at: id, run: `run-${id}`, phase: 'end', outcome } as const]),
]

const history = [
  ...run(1, 'deploy', null, 'r-1', 'done'),
  ...run(2, 'deploy', 'r-1', 'r-2', 'done'),
  ...run(3, 'deploy', 'r-2', 'r-3', 'undone'),
]

test('the release to go back to is the one that was committed before', () => {
  expect(previousOf(history, 'r-2')).toBe('r-1')
  expect(previousOf(history, 'r-1')).toBeUndefined()
  expect(previousOf(history, undefined)).toBeUndefined()
})

test('a rollback takes what it went back from out of the history', () => {
  expect(committed([...history, ...run(4, 'rollback', 'r-2', 'r-1', 'done')])).toEqual(['r-1'])
})

test('a run that was cut behind its commit counts, one that was cut before does not', () => {
  const cut = [...history, ...run(4, 'deploy', 'r-2', 'r-4')]
  expect(openRun(cut)?.begin.to).toBe('r-4')
  expect(previousOf(cut, 'r-4')).toBe('r-2')
  expect(previousOf(cut, 'r-2')).toBe('r-1')
  expect(committed([...history, ...run(4, 'rollback', 'r-2', 'r-1')], 'r-1')).toEqual(['r-1'])
})

test('a line that a power cut left half is skipped', () => {
  const text = `${JSON.stringify(history[0])}\n{"at":1,"run":"ru\n${JSON.stringify(history[1])}\n`
  expect(parseJournal(text)).toEqual(history.slice(0, 2))
})
