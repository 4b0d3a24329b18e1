import { afterAll, describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openRunFolder, removeRunFolder } from './run-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'lucid-run-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let made = 0
const freshData = (name = `${made++}`) => {
  const path = join(root, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}
/** So deep that no socket below it has a name that fits. */
const deepData = () => freshData(`${made++}/${'deep/'.repeat(25)}`)

describe.skipIf(process.platform === 'win32')('a run folder', () => {
  test('is private, empty, in the data folder, and gone when it is removed', async () => {
    const data = freshData()
    const { path, remove } = await openRunFolder('tester', data)
    expect(dirname(path)).toBe(data)
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect([...new Bun.Glob('*').scanSync({ cwd: path, onlyFiles: false, dot: true })]).toEqual([])
    remove()
    expect(existsSync(path)).toBe(false)
  })

  test('what a killed process left in it is not there at the next start', async () => {
    const data = freshData()
    const killed = await openRunFolder('tester', data)
    writeFileSync(join(killed.path, 'stale.sock'), '')
    const { path } = await openRunFolder('tester', data)
    expect(existsSync(join(path, 'stale.sock'))).toBe(false)
  })

  test.each([
    ['too deep for the name of a socket', deepData],
    ['a name that a configuration would need quotes for', () => freshData(`${made++} {with; blanks}`)],
  ])('of a data folder with %s is a temporary one that nobody can guess', async (_, dataOf) => {
    const data = dataOf()
    const one = await openRunFolder('tester', data)
    expect(dirname(one.path)).toBe(tmpdir())
    expect(statSync(one.path).mode & 0o777).toBe(0o700)
    const two = await openRunFolder('tester', data)
    expect(two.path).not.toBe(one.path)
    expect(existsSync(one.path)).toBe(false)
    two.remove()
    expect(existsSync(two.path)).toBe(false)
  })

  test('that a killed process left elsewhere is removed by whoever comes to clean up', async () => {
    const data = deepData()
    const { path } = await openRunFolder('tester', data)
    removeRunFolder(data)
    expect(existsSync(path)).toBe(false)
    removeRunFolder(data)
  })

  test('is removed only where it is one: a pointer to anything else leads nowhere', async () => {
    const data = freshData()
    const precious = join(freshData(), 'precious')
    mkdirSync(precious)
    const link = join(freshData(), 'lucid-link')
    symlinkSync(precious, link)
    for (const target of [precious, link]) {
      writeFileSync(join(data, 'run-elsewhere'), target)
      removeRunFolder(data)
      expect(existsSync(precious)).toBe(true)
    }
  })
})
