import { describe, expect, test } from 'bun:test'
import { bytes, duration, plural, rate } from '#common/cli/format'
import { detectStyle, plainStyle, type Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { progress, rowsOf, throttle } from './progress.ts'

const terminal: Style = { live: true, colour: false, width: 20 }

describe('a table', () => {
  const columns = [{ title: 'service' }, { title: 'port', align: 'right' }, { title: 'state' }] as const
  const rows = [
    ['chunker', '8090', { text: 'healthy', colour: 'green' as const }],
    ['vm', '87', ''],
  ]

  test('in a pipe is aligned, without borders, colours or trailing blanks', () => {
    expect(table(columns, rows, plainStyle)).toBe(
      'SERVICE  PORT  STATE\nchunker  8090  healthy\nvm         87',
    )
  })

  test('in a terminal has borders, and no line between rows', () => {
    expect(table(columns, rows, terminal).split('\n')).toEqual([
      '┌─────────┬──────┬─────────┐',
      '│ service │ port │ state   │',
      '├─────────┼──────┼─────────┤',
      '│ chunker │ 8090 │ healthy │',
      '│ vm      │   87 │         │',
      '└─────────┴──────┴─────────┘',
    ])
  })

  test('in a colour terminal has colours', () => {
    expect(table(columns, rows, { ...terminal, colour: true })).toContain('\x1b[32mhealthy\x1b[39m')
  })
})

describe('the look of a stream', () => {
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

describe('progress', () => {
  const screen = (style: Style) => {
    const written: string[] = []
    return { written, progress: progress((text) => written.push(text), style) }
  }

  test('in a pipe is the sparse lines alone', () => {
    const { written, progress } = screen(plainStyle)
    progress.show('10 %')
    progress.show('50 %', 'half way')
    progress.done('100 %')
    expect(written).toEqual(['half way\n'])
  })

  test('in a terminal goes back over all rows of the last picture, wrapped ones too', () => {
    const { written, progress } = screen(terminal)
    progress.show('one\ntwo')
    progress.show('three')
    progress.show('three')
    progress.done('x'.repeat(41))
    progress.show('too late')
    expect(written).toEqual([
      '\x1b[?25lone\ntwo',
      '\r\x1b[1A\x1b[0Jthree',
      `\r\x1b[0J${'x'.repeat(41)}`,
      '\n\x1b[?25h',
    ])
    expect(rowsOf('x'.repeat(41), 20)).toBe(3)
  })

  test('is let through at most once in its interval', () => {
    let now = 0
    const due = throttle(100, () => now)
    const seen = [0, 50, 100, 199, 200].map((at) => {
      now = at
      return due()
    })
    expect(seen).toEqual([true, false, true, false, true])
  })
})

describe('figures', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [512 * 1024 ** 2, '512 MiB'],
    [100 * 1024 ** 4 * 1024, '102400 TiB'],
  ])('%p bytes read %p', (count, text) => expect(bytes(count)).toBe(text))

  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_449, '1.4 s'],
    [59_999, '59.9 s'],
    [125_000, '2 min 5 s'],
    [10_800_000, '3 h 0 min'],
    [187_200_000, '2 d 4 h'],
  ])('%p ms read %p', (ms, text) => expect(duration(ms)).toBe(text))

  test('a rate is decimal megabytes a second', () => {
    expect(rate(516_000_000, 1_000)).toBe('516 MB/s')
    expect(rate(8_388_608, 1_000)).toBe('8.4 MB/s')
    expect(rate(1, 0)).toBe('0.0 MB/s')
  })

  test('a count agrees with its noun', () => {
    expect([plural(1, 'chunk'), plural(0, 'chunk')]).toEqual(['1 chunk', '0 chunks'])
  })
})
