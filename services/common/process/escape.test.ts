import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { escapeSentence, escapeText } from './escape.ts'

test.each([
  ['a plain sentence, é, 漢字, 🙂', 'a plain sentence, é, 漢字, 🙂'],
  ['\u001b[2J\u001b[H', '\\u001b[2J\\u001b[H'],
  ['a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['\u0000\u0007\u0008\u007f', '\\u0000\\u0007\\u0008\\u007f'],
  ['\u009b31m\u0090q\u009c', '\\u009b31m\\u0090q\\u009c'],
  ['\u202eevil\u2066x\u2069\u200e\u200f\u061c', '\\u202eevil\\u2066x\\u2069\\u200e\\u200f\\u061c'],
  ['a\u200b\u200d\u2060\ufeff\u00adb\u3164', 'a\\u200b\\u200d\\u2060\\ufeff\\u00adb\\u3164'],
  ['\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
  ['\ud800x\udfff', '\\ud800x\\udfff'],
  ['\u{e0041}\u{f0000}', '\\udb40\\udc41\\udb80\\udc00'],
  [new TextDecoder().decode(new Uint8Array([0x61, 0xff, 0x9b])), 'a\ufffd\ufffd'],
  ['a\\u001b', 'a\\u001b'],
])('%j is shown as %s', (text, shown) => {
  expect(escapeText(text)).toBe(shown)
})

test('of long text the beginning is shown, and how much is left out', () => {
  expect(escapeText(`${'x'.repeat(9)}\n`.repeat(3), { most: 12 })).toBe('xxxxxxxxx\\nxx… (18 characters more)')
})

/** In the terms of the code charts, not of the pattern under test. */
const isDangerous = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0
  const ranges = [
    [0x00, 0x1f],
    [0x7f, 0x9f],
    [0x200b, 0x200f],
    [0x2028, 0x202e],
    [0x2060, 0x206f],
    [0xd800, 0xdfff],
    [0xfeff, 0xfeff],
    [0xe0000, 0xe0fff],
  ] as const
  return ranges.some(([first, last]) => code >= first && code <= last)
}

test('nothing of any text is left that a terminal acts on, and escaping again changes nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.array(fc.integer({ min: 0, max: 0xffff })), (text, units) => {
      const escaped = escapeText(text + String.fromCharCode(...units))
      expect([...escaped].filter(isDangerous)).toEqual([])
      expect(escaped.isWellFormed()).toBe(true)
      expect(escapeText(escaped)).toBe(escaped)
    }),
  )
})

test('JSON stays the JSON of the same value', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), (value) => {
      expect(JSON.parse(escapeText(JSON.stringify(value)))).toEqual(value)
    }),
  )
})

test('a sentence keeps its words alone', () => {
  expect(escapeSentence('  no disk:\n\tbuy\u001b[31m one \n', 99)).toBe('no disk: buy\\u001b[31m one')
})
