import { expect, test } from 'bun:test'
import { hardLimit } from './open-files.ts'

const line = (soft: string, hard: string) =>
  `Limit  Soft Limit  Hard Limit  Units\nMax open files            ${soft}                 ${hard}                files\nMax locked memory  1  2  bytes\n`

test('the hard limit of open files is what counts, and one without end is enough', () => {
  expect(hardLimit(line('1024', '20000'))).toBe(20000)
  expect(hardLimit(line('1024', 'unlimited'))).toBe(64000)
})
