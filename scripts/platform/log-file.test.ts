import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { follow, sizeOf } from './follow.ts'
import { lastLines, openLog, readPart, rotate, rotateOpen } from './log-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lucid-log-'))
  path = join(folder, 'logs', 'vault.log')
  closeSync(openLog(path))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a log file', () => {
  test('that is full is moved aside, and the oldest of three goes', () => {
    for (const text of ['one', 'two', 'three', 'four']) {
      writeFileSync(path, text)
      rotate(path, 3)
    }
    expect(existsSync(path)).toBe(false)
    expect([1, 2].map((age) => readFileSync(`${path}.${age}`, 'utf8'))).toEqual(['four', 'three'])
    expect(existsSync(`${path}.3`)).toBe(false)
  })

  test('that is not full is left alone', () => {
    writeFileSync(path, 'ab')
    rotate(path, 3)
    expect(readFileSync(path, 'utf8')).toBe('ab')
  })

  test('that a process has open is copied aside and emptied, and the process writes on at its beginning', () => {
    const open = openLog(path)
    writeSync(open, 'before')
    rotateOpen(path, 3)
    writeSync(open, 'af')
    rotateOpen(path, 3)
    closeSync(open)
    expect([path, `${path}.1`].map((file) => readFileSync(file, 'utf8'))).toEqual(['af', 'before'])
  })

  test('is read in parts, of a long one only the end', () => {
    writeFileSync(path, '0123456789')
    expect(readPart(path, { from: 7 })).toBe('789')
    expect(readPart(path, { from: 2, to: 5 })).toBe('234')
    expect(readPart(path, { max: 4 })).toBe('6789')
    expect(readPart(path, { from: 99 })).toBe('')
    expect(readPart(join(folder, 'absent'))).toBe('')
  })

  test('ends in whole lines, with or without a final newline', () => {
    expect(lastLines('a\nb\nc\n', 2)).toEqual(['b', 'c'])
    expect(lastLines('a\nb', 5)).toEqual(['a', 'b'])
    expect(lastLines('', 5)).toEqual([])
    expect(lastLines('a\n', 0)).toEqual([])
  })
})

test('following gives whole lines as they come, from the first byte after the mark, across a rotation', async () => {
  writeFileSync(path, 'old\n')
  const stop = new AbortController()
  let seen = ''
  const until = async (text: string) => {
    while (seen !== text) await Bun.sleep(5)
  }
  const begin = new Map([[path, sizeOf(path)]])
  appendFileSync(path, 'early\n')
  const following = follow(
    begin,
    (line) => {
      seen += `${line}\n`
    },
    stop.signal,
  )
  await until('early\n')
  appendFileSync(path, 'half')
  appendFileSync(path, ' a line\nrest')
  await until('early\nhalf a line\n')
  rotate(path, 1)
  writeFileSync(path, 'new\n')
  await until('early\nhalf a line\nnew\n')
  stop.abort()
  await following
  expect(seen).toBe('early\nhalf a line\nnew\n')
})
