import { expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import { CHAPTERS, renderChapter } from './chapter.ts'

test('chapters are numbered in order, plain in a pipe', () => {
  expect(renderChapter('install', plainStyle).raw).toStartWith('\n1. Install what it needs\n  Exact versions')
  expect(renderChapter('closing', plainStyle).raw).toStartWith(`\n${Object.keys(CHAPTERS).length}. What was tried`)
  expect(renderChapter('tamper', plainStyle).raw).not.toContain('\x1b')
})

test('the title has a colour in a terminal', () => {
  expect(renderChapter('up', { ...plainStyle, colour: true }).raw).toStartWith(
    '\n\x1b[36m2. Bring the platform up\x1b[39m\n',
  )
})
