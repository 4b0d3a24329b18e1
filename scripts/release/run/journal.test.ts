import { describe, expect, test } from 'bun:test'
import { type Entry, findOpenRun, findPreviousId, listCommitted, parseJournal, type RunKind } from './journal.ts'

let clock = 0
const begin = (run: string, to: string, from: string | null = null, kind: RunKind = 'deploy'): Entry => ({
  at: clock++,
  run,
  phase: 'begin',
  kind,
  from,
  to,
  by: 'a@b',
  what: kind,
})
const end = (run: string, outcome: 'done' | 'undone' | 'failed' = 'done'): Entry => ({
  at: clock++,
  run,
  phase: 'end',
  outcome,
})
const whole = (run: string, to: string, kind: RunKind = 'deploy'): readonly Entry[] => [
  begin(run, to, null, kind),
  end(run),
]

describe('a journal', () => {
  test('reads back what was written; a line that was cut and one that is none are skipped', () => {
    const entries = [begin('1', 'r-a'), end('1')]
    const text = `${entries.map((one) => JSON.stringify(one)).join('\n')}\n{"at":3,"run":"2","pha`
    expect(parseJournal(text)).toEqual(entries)
    expect(parseJournal('hello\n[]\nnull\n{}\n"x"\n')).toEqual([])
  })

  test('has an open run when the last one that began has not ended', () => {
    expect(findOpenRun([...whole('1', 'r-a'), begin('2', 'r-b')])?.begin.to).toBe('r-b')
    expect(findOpenRun(whole('1', 'r-a'))).toBeUndefined()
    expect(findOpenRun([])).toBeUndefined()
  })
})

describe('the release to go back to', () => {
  test('is the one committed before; what was undone never counts', () => {
    const entries = [...whole('1', 'r-a'), begin('2', 'r-x'), end('2', 'undone'), ...whole('3', 'r-b')]
    expect(listCommitted(entries)).toEqual(['r-a', 'r-b'])
    expect(findPreviousId(entries, 'r-b')).toBe('r-a')
  })

  test('is one further back after a rollback, and none at the first', () => {
    const entries = [...whole('1', 'r-a'), ...whole('2', 'r-b'), ...whole('3', 'r-c'), ...whole('4', 'r-b', 'rollback')]
    expect(findPreviousId(entries, 'r-b')).toBe('r-a')
    expect(findPreviousId([...entries, ...whole('5', 'r-a', 'rollback')], 'r-a')).toBeUndefined()
  })

  test('after a rollback and a new deploy is the one that was gone back to', () => {
    const entries = [...whole('1', 'r-a'), ...whole('2', 'r-b'), ...whole('3', 'r-a', 'rollback'), ...whole('4', 'r-c')]
    expect(findPreviousId(entries, 'r-c')).toBe('r-a')
  })

  test('does not come of deploying the same release again', () => {
    expect(findPreviousId([...whole('1', 'r-a'), ...whole('2', 'r-b'), ...whole('3', 'r-b')], 'r-b')).toBe('r-a')
  })

  test('knows a run that was cut behind its commit by the release that is current', () => {
    const entries = [...whole('1', 'r-a'), begin('2', 'r-b')]
    expect(findPreviousId(entries, 'r-b')).toBe('r-a')
    expect(findPreviousId(entries, 'r-a')).toBeUndefined()
  })
})
