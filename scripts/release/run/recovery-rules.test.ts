import { describe, expect, test } from 'bun:test'
import type { StepEntry } from './journal.ts'
import { chooseRecovery, readDocuments } from './recovery-rules.ts'

const steps = (...words: readonly string[]): readonly StepEntry[] =>
  words.map((word) => {
    const at = word.lastIndexOf(' ')
    return { at: 0, run: '1', step: word.slice(0, at), phase: word.slice(at + 1) as StepEntry['phase'] } // written below
  })

const cut = (...words: readonly string[]) => ({
  begin: {
    at: 0,
    run: '1',
    phase: 'begin',
    kind: 'deploy',
    from: 'r-old',
    to: 'r-new',
    by: 'a@b',
    what: 'deploy',
  } as const,
  steps: steps(...words),
})

const MIGRATED = ['snapshot start', 'snapshot done', 'migrate start', 'migrate done']

describe('the documents of a run that was cut', () => {
  test.each([
    [['files start', 'up:core start'], 'untouched'],
    [['snapshot start', 'snapshot done'], 'untouched'],
    [['migrate start'], 'changing'],
    [['migrate start', 'migrate failed', 'back:stop:core start'], 'changing'],
    [MIGRATED, 'changed'],
    [['rewind start', 'rewind done', 'up:core start'], 'changed'],
    [[...MIGRATED, 'up:core failed', 'back:stop:core start'], 'changing'],
    [[...MIGRATED, 'back:restore start'], 'changing'],
    [[...MIGRATED, 'back:restore start', 'back:restore done', 'back:up:core start'], 'restored'],
  ])('%j: %s', (words, documents) => {
    expect(readDocuments(cut(...words))).toBe(documents as ReturnType<typeof readDocuments>)
  })
})

describe('the next command', () => {
  const way = (words: readonly string[], target: string | undefined, current = 'r-old') =>
    chooseRecovery(cut(...words), { current, target })

  test('closes a run that had committed', () => expect(way(['commit start'], 'r-new', 'r-new')).toBe('close'))

  test('undoes a run whose documents are as they were, or as they were again', () => {
    expect(way(['up:core start'], 'r-new')).toBe('undo')
    expect(way([...MIGRATED, 'back:restore done', 'back:health:core start'], 'r-new')).toBe('undo')
  })

  test('goes on with a run whose new services may have written, unless it asks for the older release', () => {
    expect(way([...MIGRATED, 'up:core start'], 'r-new')).toBe('finish')
    expect(way([...MIGRATED, 'up:core start'], 'r-third')).toBe('finish')
    expect(way([...MIGRATED, 'up:core start'], 'r-old')).toBe('undo-with-documents')
  })

  test('puts documents back that were being changed', () => {
    expect(way(['migrate start'], 'r-new')).toBe('undo-with-documents')
  })
})
