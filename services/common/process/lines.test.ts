import { expect, test } from 'bun:test'
import { splitLines } from './lines.ts'

const split = (pieces: readonly string[], options?: { readonly longest: number }) => {
  const lines: string[] = []
  const read = splitLines((line) => lines.push(line), options)
  for (const piece of pieces) read(piece)
  return lines
}

test.each([
  [['a\nb\n'], ['a', 'b']],
  [
    ['a', 'b\n', '\nc'],
    ['ab', ''],
  ],
  [['', '\n'], ['']],
])('%j are the lines %j, whatever the pieces; one without an end is none yet', (pieces, lines) => {
  expect(split(pieces)).toEqual(lines)
})

test('of a line that never ends only its end is remembered', () => {
  expect(split(['x'.repeat(100), 'y'.repeat(100), 'z\n'], { longest: 4 })).toEqual(['yyyyz'])
})
