import { expect, test } from 'bun:test'
import { plainStyle } from './style.ts'
import { table } from './table.ts'
import { jsonText, printed, printer, text } from './text.ts'

const style = { ...plainStyle, colour: true }
/** Clears the screen, prints a verdict and hides the rest. */
const attack = '\u001b[2J\u001b[H\u001b[32mok\u001b[39m verified: all of it holds\r\n\u001b[8m\u009b0m\u202e'
const shown = '\\u001b[2J\\u001b[H\\u001b[32mok\\u001b[39m verified: all of it holds\\r\\n\\u001b[8m\\u009b0m\\u202e'

test('a string is one line, whatever it holds; its last newline ends it', () => {
  expect(printed(`unknown field ${attack}\n`)).toBe(`unknown field ${shown}\n`)
  expect(printed('a\nb')).toBe('a\\nb')
  expect(printed('a\n\n')).toBe('a\\n\n')
})

test('our colours stand around what was escaped; foreign ones are shown as what they are', () => {
  expect(text([['  ', { text: attack, colour: 'red' }, ` ${attack}`]], style).raw).toBe(
    `  \u001b[31m${shown}\u001b[39m ${shown}\n`,
  )
  expect(text([{ text: attack, colour: 'red' }]).raw).toBe(`${shown}\n`)
})

test('a line is one line, and lines of ours stay lines', () => {
  expect(text(['a\nb', text(['c', 'd']), ''], style).raw).toBe('a\\nb\nc\nd\n\n')
})

test('a cell of a table breaks no row', () => {
  const { raw } = table(
    [{ title: 'name' }, { title: attack }],
    [
      [attack, 'x'],
      ['y', ''],
    ],
    plainStyle,
  )
  expect(raw.split('\n')).toHaveLength(4)
  expect(raw).not.toMatch(/\r|\p{Cc}(?<!\n)/u)
})

test('a document that looks like text of ours is none', () => {
  const forged = JSON.parse('{"raw":"\\u001b[2J"}')
  expect(() => printed(forged)).toThrow(TypeError)
  expect(() => text([forged])).toThrow(TypeError)
})

test('text made into a string by mistake is one line', () => {
  expect(printed(`${text(['a', 'b'])}`)).toBe('a\\nb\n')
})

test('JSON is the same JSON, without anything that a terminal acts on', () => {
  const value = { [attack]: [attack, { deep: '\u007f\u0085' }] }
  expect(JSON.parse(jsonText(value).raw)).toEqual(value)
  expect(jsonText(value).raw).not.toMatch(/\p{Cc}(?<!\n)|\p{Cf}/u)
  expect(JSON.parse(printed(`${JSON.stringify(value)}\n`))).toEqual(value)
})

test('of a very long part the beginning is shown', () => {
  expect(text(['x'.repeat(100_000)]).raw.length).toBeLessThan(5_000)
})

test('a printer writes what is printed', () => {
  const written: string[] = []
  const print = printer((raw) => written.push(raw))
  print('a\u0007\n')
  print(text(['b']))
  expect(written).toEqual(['a\\u0007\n', 'b\n'])
})
