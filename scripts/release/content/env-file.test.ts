import { describe, expect, test } from 'bun:test'
import { findEnvFaults, parseEnvFile, readDefaults } from './env-file.ts'

const accepted: readonly (readonly [text: string, value: string])[] = [
  ['KEY=plain', 'plain'],
  ['export KEY=plain', 'plain'],
  ['  KEY=plain', 'plain'],
  ['KEY=', ''],
  ['KEY=a b ', 'a b'],
  ['KEY=a#b', 'a#b'],
  ['KEY=a # said', 'a'],
  ['KEY=mongodb://h:1/db?a=b&c=d', 'mongodb://h:1/db?a=b&c=d'],
  ["KEY='a $b # c' # said", 'a $b # c'],
  ["KEY='mongodb://h:1/db?a=b&c=d'", 'mongodb://h:1/db?a=b&c=d'],
  ["KEY='C:\\x'", 'C:\\x'],
  ["KEY='it\\'s'", "it's"],
  ["KEY='a\nb\\'s' # c", "a\nb's"],
  ['KEY="a # b"', 'a # b'],
  ['KEY="one\\ntwo"', 'one\ntwo'],
  ['KEY="say \\"so\\""', 'say "so"'],
  ['KEY="-----BEGIN X-----\nabc\n-----END X-----"', '-----BEGIN X-----\nabc\n-----END X-----'],
  ["KEY='one\ntwo'", 'one\ntwo'],
  ['KEY=a\r', 'a'],
]

describe('a value is what Compose would take it for', () => {
  test.each(accepted)('%j', (text, value) => {
    expect(parseEnvFile(`BEFORE=1\n${text}\nAFTER=2\n`)).toEqual({
      values: { BEFORE: '1', KEY: value, AFTER: '2' },
      faults: [],
    })
  })
})

describe('what is not plain is refused, with its line and without its value', () => {
  const dollar = 'KEY has a $, which Compose would replace: put the value in single quotes'
  const cases: readonly (readonly [text: string, what: string])[] = [
    ['KEY', 'is no KEY=value and no comment'],
    ['KEY: value', 'is no KEY=value and no comment'],
    ['1KEY=value', 'is no KEY=value and no comment'],
    ['KEY=a$HOME', dollar],
    ['KEY="a$HOME"', dollar],
    ['KEY="a\\$HOME"', dollar],
    ["KEY='open", 'KEY has no closing quote'],
    ['KEY="open', 'KEY has no closing quote'],
    ["KEY='it'\\''s'", 'KEY goes on after its closing quote'],
    ['KEY="a"b', 'KEY goes on after its closing quote'],
    ['KEY="\\q"', 'KEY has the escape \\q: use single quotes'],
    ['BEFORE=2', 'BEFORE stands twice'],
  ]
  test.each(cases)('%j', (text, what) => {
    expect(parseEnvFile(`# first\nBEFORE=1\n${text}\n`)).toMatchObject({ faults: [{ line: 3, what }] })
  })
})

test('keys that still hold placeholders are named, and those that may not be empty', () => {
  const values = { A: 'mongodb://USER:PASSWORD@h', B: 'changeme', C: '<your name>', D: '', E: '', F: 'well', G: 'ab' }
  expect(findEnvFaults(values, { required: ['D', 'F', 'H'], files: ['G'] })).toEqual([
    'A still holds a placeholder: give it a value, or leave it out',
    'B still holds a placeholder: give it a value, or leave it out',
    'C still holds a placeholder: give it a value, or leave it out',
    'D is required and has no value',
    'H is required and has no value',
    'G is read from a file that the host makes: leave it out',
  ])
})

test('the defaults of an example are its values without placeholders', () => {
  expect(readDefaults("A=1\n# B=2\nC='x y'\nD=<name>\nE=\n")).toEqual({ A: '1', C: 'x y', E: '' })
})
