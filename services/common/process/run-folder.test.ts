import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runFolder } from './run-folder.ts'

const data = mkdtempSync(join(tmpdir(), 'lucid-run-'))
const made: string[] = []
const make = (where: string) => {
  const path = runFolder('tester', where)
  made.push(path)
  return path
}
afterAll(() => {
  for (const path of [data, ...made]) rmSync(path, { recursive: true, force: true })
})

const posix = process.platform !== 'win32'

test.skipIf(!posix)('it is private, short, and the same for the same data', () => {
  const path = make(data)
  expect(make(data)).toBe(path)
  expect(make(`${data}/other`)).not.toBe(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  expect(join(path, 'longest-name.sock').length).toBeLessThan(tmpdir().length + 70)
})

test.skipIf(!posix)('one that is open to others or a link to elsewhere is refused', () => {
  const path = make(`${data}/open`)
  chmodSync(path, 0o755)
  expect(() => runFolder('tester', `${data}/open`)).toThrow('is not a folder of ours alone')
  rmSync(path, { recursive: true })
  symlinkSync(data, path)
  expect(() => runFolder('tester', `${data}/open`)).toThrow('is not a folder of ours alone')
})
