import { expect, test } from 'bun:test'
import { plainStyle } from '#common/cli/style'
import { cut, renderClosing } from './closing.ts'

const outcomes = [
  { tried: 'swapped chunks', expected: 'exit 1: swapped', seen: 'exit 1: chunks 1 and 2 swapped', ok: true },
  { tried: 'bad signature', expected: 'exit 1: bad signature', seen: 'exit 0: nothing wrong found', ok: false },
]

test('in a pipe the table has every word, aligned', () => {
  expect(renderClosing(outcomes, plainStyle).raw).toBe(
    [
      'TRIED           EXPECTED               SEEN                            OK',
      'swapped chunks  exit 1: swapped        exit 1: chunks 1 and 2 swapped  ok',
      'bad signature   exit 1: bad signature  exit 0: nothing wrong found     NO',
      '',
    ].join('\n'),
  )
})

test('no line is wider than the terminal', () => {
  for (const width of [72, 80, 100, 132, 200]) {
    const drawn = renderClosing(
      [{ tried: 'x'.repeat(60), expected: 'y'.repeat(90), seen: 'z'.repeat(200), ok: true }, ...outcomes],
      { live: true, colour: false, width },
    )
    expect(Math.max(...drawn.raw.split('\n').map((line) => line.length))).toBeLessThanOrEqual(width)
  }
})

test('a cut text says that it is cut', () => {
  expect(cut('abcdef', 6)).toBe('abcdef')
  expect(cut('abcdefg', 6)).toBe('abcde…')
})
