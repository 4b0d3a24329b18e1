import { describe, expect, test } from 'bun:test'
import { plainStyle, type Style } from '#common/cli/style'
import { printer, text } from '#common/cli/text'
import { progress, rowsOf, throttle } from './progress.ts'

const terminal: Style = { live: true, colour: false, width: 20 }

describe('progress', () => {
  const screen = (style: Style) => {
    const written: string[] = []
    return {
      written,
      progress: progress(
        printer((shown) => written.push(shown)),
        style,
      ),
    }
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
    progress.show(text(['one', 'two']))
    progress.show('three')
    progress.show('three')
    progress.done('x'.repeat(41))
    progress.show('too late')
    expect(written).toEqual(['\x1b[?25lone\ntwo', '\r\x1b[1A\x1b[0Jthree', `\r\x1b[0J${'x'.repeat(41)}`, '\n\x1b[?25h'])
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
