import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFull } from '#common/testing/extent'
import { type Mutant, mutants } from './mutants.fixture.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(600_000)

const root = join(import.meta.dir, '..', '..', '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** What the tests read of a checkout. */
const PARTS = ['services', 'scripts', 'health', 'compose', 'env', 'package.json', 'tsconfig.json', 'bunfig.toml']
const copy = mkdtempSync(join(tmpdir(), 'lucid-mutants-'))
for (const part of PARTS) cpSync(join(root, part), join(copy, part), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction')
afterAll(() => rmSync(copy, { recursive: true, force: true }))

/** Runs tests of the copy. Answers the names of those that failed. */
const run = async (tests: readonly string[]) => {
  const files = [...new Set(tests)].map((path) => `./${path}`)
  const child = Bun.spawn([process.execPath, 'test', '--isolate', '--bail=1', '--timeout=60000', ...files], {
    cwd: copy,
    env: { ...process.env, LUCID_FAST: '1', LUCID_FULL: '' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  const failed = [...`${out}\n${err}`.matchAll(/^\(fail\) (.+?)(?: \[[\d.]+m?s\])?$/gm)].map(([, name]) => name)
  return { failed: [...new Set(failed)], code, text: `${out}\n${err}` }
}

const kill = async ({ file, find, put, tests }: Mutant) => {
  const path = join(copy, file)
  const source = read(file)
  writeFileSync(
    path,
    source.replace(find, () => put),
  )
  try {
    return await run(tests)
  } finally {
    writeFileSync(path, source)
  }
}

/** A few in a check; `--full` plants all of them. */
const planted = isFull ? mutants : mutants.filter((_, index) => index % 16 === 0)

test('there are at least twenty, and each changes the one place that it names', () => {
  expect(mutants.length).toBeGreaterThan(60)
  const places = ({ file, find }: Mutant) => read(file).split(find).length - 1
  const lost = mutants.map((one) => ({ what: one.what, places: places(one) })).filter(({ places: n }) => n !== 1)
  // Where the code has changed, its fault is written anew.
  expect(lost).toEqual([])
})

test('without a fault the same tests pass', async () => {
  const { code, failed, text } = await run(planted.flatMap(({ tests }) => tests))
  expect({ failed, said: code === 0 ? '' : text }).toEqual({ failed: [], said: '' })
})

test.each(planted.map((mutant) => [mutant.what, mutant] as const))('found: %s', async (what, mutant) => {
  const { failed, text } = await kill(mutant)
  expect({ what, killed: failed.length > 0, said: failed.length > 0 ? '' : text.slice(-2000) }).toEqual({
    what,
    killed: true,
    said: '',
  })
  console.log(`found: ${what}  <-  ${failed[0]}`)
})
