import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chunkName } from '#common/evidence/bundle'
import { sampleAnchor, sampleLedgerKey } from '#common/testing/sample-anchor'
import { noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { assemble, disassemble } from '../demo/bundle-parts.ts'

const folder = await mkdtemp(join(tmpdir(), 'lucid-verify-'))
afterAll(() => rm(folder, { recursive: true }))
const sample = await sampleSession(noise(3000, 2))
const bytes = await sampleBundle(sample, { anchor: await sampleAnchor(sample), keys: true })
const good = join(folder, 'good.tar')
const bad = join(folder, 'bad.tar')
await Bun.write(good, bytes)
await Bun.write(bad, assemble(disassemble(bytes).filter(({ name }) => name !== chunkName(1))))

const verify = (...args: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    [process.execPath, join(import.meta.dir, 'verify.ts'), ...args],
    {
      env: { PATH: process.env['PATH'] ?? '' },
    },
  )
  return { exitCode, out: stdout.toString(), err: stderr.toString() }
}

test('a sound bundle and the trusted key: a line a check, exit 0', () => {
  const { exitCode, out, err } = verify(good, '--trust', sampleLedgerKey())
  expect(err).toBe('')
  expect(exitCode).toBe(0)
  expect(out.split('\n').map((line) => line.slice(0, 14).trim())).toEqual([
    'ok   structure',
    'ok   manifest',
    'ok   signature',
    'ok   chunks',
    'ok   anchor',
    'ok   keys',
    'verified: all',
    '',
  ])
})

test('without a trusted key: exit 2', () => {
  const { exitCode, out } = verify(good)
  expect(exitCode).toBe(2)
  expect(out).toContain('warn anchor    self-asserted: block 300')
})

test('a dropped chunk: named, exit 1', () => {
  const { exitCode, out } = verify(bad, '--trust', sampleLedgerKey())
  expect(exitCode).toBe(1)
  expect(out).toContain('FAIL chunks    chunk 1 missing (dropped)')
  expect(out).toEndWith('NOT verified: something is wrong, see above\n')
})

test('--json prints one document with every check', () => {
  const { exitCode, out } = verify(bad, '--json')
  expect(exitCode).toBe(1)
  const document = JSON.parse(out)
  expect(document.verdict).toBe(1)
  expect(document.verified).toBe(false)
  expect(document.checks).toContainEqual({ check: 'chunks', ok: false, detail: 'chunk 1 missing (dropped)' })
})

test('--decrypt writes the recording once, and never over a file', async () => {
  const out = join(folder, 'recording')
  expect(verify(good, '--trust', sampleLedgerKey(), '--decrypt', out).exitCode).toBe(0)
  expect((await Bun.file(out).bytes()).toHex()).toBe(sample.plain.toHex())
  const again = verify(good, '--decrypt', out)
  expect(again.exitCode).toBe(1)
  expect(again.err).toContain('exists already')
})

test('--decrypt of a bundle that is not sound leaves no file', async () => {
  expect(verify(bad, '--decrypt', join(folder, 'none')).exitCode).toBe(1)
  expect((await readdir(folder)).filter((name) => name === 'none' || name.endsWith('.part'))).toEqual([])
})

test('a wrong command line says what is known, exit 64', () => {
  const unknown = verify(good, '--trsut', 'x')
  expect(unknown.exitCode).toBe(64)
  expect(unknown.err).toContain('--trust')
  expect(verify().exitCode).toBe(64)
  expect(verify(good, '--trust', 'ABC').exitCode).toBe(64)
})

test('a file that is not there is one line, exit 1', () => {
  const { exitCode, err } = verify(join(folder, 'nothing.tar'))
  expect(exitCode).toBe(1)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(err).toContain('there is no file')
})

test('--help tells the exit codes', () => {
  const { exitCode, out } = verify('--help')
  expect(exitCode).toBe(0)
  expect(out).toContain('self-asserted')
})
