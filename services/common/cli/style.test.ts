import { describe, expect, test } from 'bun:test'
import { detectStyle } from './style.ts'

describe('the style of a stream', () => {
  test.each([
    [{ isTTY: true, columns: 80 }, {}, { live: true, colour: true, width: 80 }],
    [{}, {}, { live: false, colour: false, width: 0 }],
    [{ isTTY: true, columns: 80 }, { NO_COLOR: '1' }, { live: true, colour: false, width: 80 }],
    [{ isTTY: true, columns: 80 }, { TERM: 'dumb' }, { live: false, colour: false, width: 80 }],
    [{ isTTY: true, columns: 80 }, { CI: 'true' }, { live: false, colour: true, width: 80 }],
  ])('of a stream %j with %j is %j', (stream, env, style) => {
    expect(detectStyle(stream, env)).toEqual(style)
  })
})
