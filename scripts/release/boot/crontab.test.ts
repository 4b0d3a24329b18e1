import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { findOurLines, MarksBroken, watchLine, withLines, withoutLines } from './crontab.ts'

const DIR = '/mnt/myssd/Lucid'
const mine = '# m h dom mon dow command\n0 3 * * * run-parts /srv\n'
const begin = `# lucid ${DIR}: begin`
const end = `# lucid ${DIR}: end`

test('our lines stand between two marks behind what was there', () => {
  expect(withLines(mine, DIR, ['* * * * * a'])).toBe(`${mine}${begin}\n* * * * * a\n${end}\n`)
  expect(withLines('', DIR, ['* * * * * a'])).toBe(`${begin}\n* * * * * a\n${end}\n`)
})

test('new lines of ours take the place of the old ones, where those stood', () => {
  const before = `${begin}\nold\n${end}\n${mine}`
  expect(withLines(before, DIR, ['new', 'newer'])).toBe(`${begin}\nnew\nnewer\n${end}\n${mine}`)
})

test('what is not ours comes through installing twice and taking away, to the byte', () => {
  const lines = fc.array(fc.string().filter((text) => !/[\n\r]/.test(text) && !text.startsWith('# lucid')))
  fc.assert(
    fc.property(lines, lines, (theirs, ours) => {
      const before = theirs.length === 0 ? '' : `${theirs.join('\n')}\n`
      const once = withLines(before, DIR, ours)
      expect(withLines(once, DIR, ours)).toBe(once)
      expect(findOurLines(once, DIR)).toEqual(ours)
      expect(withoutLines(once, DIR)).toBe(before)
    }),
  )
})

test('the lines of another folder are not ours', () => {
  const other = withLines(mine, '/srv/other', ['x'])
  expect(findOurLines(other, DIR)).toBeUndefined()
  expect(withoutLines(withLines(other, DIR, ['y']), DIR)).toBe(other)
})

describe('marks that somebody edited are left for him to mend', () => {
  const cases: readonly string[] = [`${begin}\nx\n`, `${end}\n`, `${end}\n${begin}\n`, `${begin}\n${begin}\n${end}\n`]
  test.each(cases)('%j', (text) => {
    expect(() => withLines(text, DIR, [])).toThrow(MarksBroken)
    expect(() => withoutLines(text, DIR)).toThrow(MarksBroken)
  })
})

test('the watch runs every five minutes', () => {
  expect(watchLine(DIR)).toBe(
    '*/5 * * * * sh /mnt/myssd/Lucid/bin/cron-watch.sh /mnt/myssd/Lucid 2>&1 | logger -t lucid-watch',
  )
})
