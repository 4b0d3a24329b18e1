import { expect, test } from 'bun:test'
import { renderLines } from './conf-text.ts'

test('lines end in a semicolon, a list after a line is its block, an empty line stays one', () => {
  expect(renderLines(['a 1', '', 'b', ['c 2', 'd', ['e'], '', 'f'], 'g', []])).toBe(
    ['a 1;', '', 'b {', '  c 2;', '  d {', '    e;', '  }', '', '  f;', '}', 'g {', '}', ''].join('\n'),
  )
})
