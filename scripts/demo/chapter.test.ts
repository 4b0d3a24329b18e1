import { expect, test } from 'bun:test'
import { CHAPTERS, hasColour, renderChapter } from './chapter.ts'

test('chapters are numbered in order, plain in a pipe', () => {
  expect(renderChapter('install', false)).toStartWith('\n1. Install what it needs\n  Exact versions')
  expect(renderChapter('closing', false)).toStartWith(`\n${Object.keys(CHAPTERS).length}. What was tried`)
  expect(renderChapter('tamper', false)).not.toContain('\x1b')
})

test('the title has a colour in a terminal', () => {
  expect(renderChapter('up', true)).toStartWith('\n\x1b[1;36m2. Bring the platform up\x1b[0m\n')
})

test('a terminal has colours unless it is told otherwise; a pipe has none', () => {
  expect(hasColour({ isTTY: true }, {})).toBe(true)
  expect(hasColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
  expect(hasColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
  expect(hasColour({}, {})).toBe(false)
})
