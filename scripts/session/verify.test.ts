import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { x25519 } from '@noble/curves/ed25519.js'
import { chunkName } from '#common/evidence/bundle'
import { sealedKeys, sealToOwner } from '#common/evidence/owner-seal'
import { sampleAnchor, sampleLedgerKey } from '#common/testing/sample-anchor'
import { derived, noise, resignSample, type Sample, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { assemble, disassemble } from '../demo/bundle-parts.ts'

// Each verification is a process; nothing here depends on how fast a machine is, but a hang must end some day.
setDefaultTimeout(5 * 60_000)
const folder = await mkdtemp(join(tmpdir(), 'lucid-verify-'))
afterAll(() => rm(folder, { recursive: true }))
const sample = await sampleSession(noise(3000, 2))
const anchor = await sampleAnchor(sample)
const bytes = await sampleBundle(sample, { anchor, keys: true })
const good = join(folder, 'good.tar')
const bad = join(folder, 'bad.tar')
await Bun.write(good, bytes)
await Bun.write(bad, assemble(disassemble(bytes).filter(({ name }) => name !== chunkName(1))))

/** An anchored bundle with keys, in a file. */
const bundleOf = async (name: string, of: Sample): Promise<string> => {
  const path = join(folder, name)
  await Bun.write(path, await sampleBundle(of, { anchor: await sampleAnchor(of), keys: true }))
  return path
}

const VERIFY = join(import.meta.dir, 'verify.ts')

const run = (argv: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { env: { PATH: process.env['PATH'] ?? '' } })
  return { exitCode, out: stdout.toString(), err: stderr.toString() }
}
const verify = (...args: readonly string[]) => run([process.execPath, VERIFY, ...args])

test('a sound bundle and the trusted key: a line a check, what the recording states, exit 0', () => {
  const { exitCode, out, err } = verify(good, '--trust', sampleLedgerKey())
  expect(err).toBe('')
  expect(exitCode).toBe(0)
  const [checks, statement, conclusion] = out.split('\n\n')
  expect(checks?.split('\n').map((line) => line.slice(0, 14).trim())).toEqual([
    'ok   structure',
    'ok   manifest',
    'ok   signature',
    'ok   chunks',
    'ok   anchor',
    'ok   times',
    'ok   gaps',
    'ok   keys',
  ])
  expect(statement?.split('\n')).toEqual([
    'what the bundle states:',
    `  session       ${sample.session}`,
    `  owner         ${sample.manifest.owner}`,
    '  participants  none',
    '  observers     none',
    '  start         2025-10-09T08:53:20.000Z',
    '  end           2025-10-09T08:54:20.000Z',
    '  duration      1 min 0 s',
    '  recorded      2.9 KiB in 3 chunks, 3 opened',
    '  gaps          none',
    '  chain         1819632484, block 300 of 2025-10-09T08:54:21.000Z',
    `  transaction   ${anchor.tx_hash}`,
    '  not checked   the times themselves: the recorder’s word, bounded by the block',
    '  not checked   recorder_version, device_fingerprint: labels of the recorder',
    '  not checked   audit_root: what they stand for is not in the bundle',
  ])
  expect(conclusion).toBe('verified: all of it holds, and the recording is complete\n')
})

test('a recording that states a gap is proven and not complete: exit 3, the gap with place, times and reason', async () => {
  const gap = { at: 1, from: 1_760_000_010_000, to: 1_760_000_070_000 - 60_000 + 7_000, reason: 'cable\u001b[2J' }
  const file = await bundleOf('gap.tar', await sampleSession(noise(3000, 2), { gaps: [gap] }))
  const { exitCode, out } = verify(file, '--trust', sampleLedgerKey())
  expect(exitCode).toBe(3)
  expect(out).toContain(
    'gap  gaps      missing before chunk 1: 7000 ms, 2025-10-09T08:53:30.000Z to 2025-10-09T08:53:37.000Z',
  )
  expect(out).not.toContain('\u001b')
  expect(out).toContain('verified, but NOT complete')
  const json = verify(file, '--trust', sampleLedgerKey(), '--json')
  expect(json.exitCode).toBe(3)
  expect(JSON.parse(json.out)).toMatchObject({
    verdict: 3,
    verified: false,
    exit: 3,
    error: null,
    recording: { owner: sample.manifest.owner, gaps: [gap], missing: 7000, has_end: true },
  })
})

test('a recording whose times its block belies: exit 1, named', async () => {
  const liar = resignSample(sample, { started_at: 4_000_000_000_000, ended_at: 4_100_000_000_000 })
  const { exitCode, out } = verify(await bundleOf('liar.tar', liar), '--trust', sampleLedgerKey())
  expect(exitCode).toBe(1)
  expect(out).toContain('FAIL times     untrue: ')
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
  const again = verify(good, '--trust', sampleLedgerKey(), '--decrypt', out)
  expect(again.exitCode).toBe(73)
  expect(again.err).toContain('exists already')
  expect(again.out).toContain('verified: all of it holds')
  expect((await Bun.file(out).bytes()).toHex()).toBe(sample.plain.toHex())
})

test('what was wrong weighs more than what could not be written', () => {
  const { exitCode, out } = verify(bad, '--decrypt', good, '--json')
  expect(exitCode).toBe(1)
  expect(JSON.parse(out)).toMatchObject({ verdict: 1, exit: 1, error: { code: 'out-exists' } })
})

test.skipIf(process.platform === 'win32')(
  'a full disk under --decrypt: the verdict first, then exit 74, and no file',
  async () => {
    const large = await bundleOf('large.tar', await sampleSession(noise(40_000, 3), { chunkSize: 8192 }))
    const script = `trap '' XFSZ; ulimit -f 8; exec "$0" "$@"`
    for (const json of [[], ['--json']]) {
      const { exitCode, out, err } = run([
        'bash',
        '-c',
        script,
        process.execPath,
        VERIFY,
        large,
        '--trust',
        sampleLedgerKey(),
        '--decrypt',
        join(folder, 'full'),
        ...json,
      ])
      expect(exitCode).toBe(74)
      expect(err).toContain('cannot write')
      if (json.length === 0) expect(out).toEndWith('verified: all of it holds, and the recording is complete\n')
      else expect(JSON.parse(out)).toMatchObject({ verdict: 0, exit: 74, error: { code: 'out-write-failed' } })
    }
    expect((await readdir(folder)).filter((name) => name === 'full' || name.endsWith('.part'))).toEqual([])
  },
)

test.skipIf(process.platform !== 'linux')('a result that cannot be written is no verdict: exit 74', () => {
  const script = `exec "$0" "$@" >/dev/full`
  for (const json of [[], ['--json']]) {
    const { exitCode, err } = run([
      'bash',
      '-c',
      script,
      process.execPath,
      VERIFY,
      good,
      '--trust',
      sampleLedgerKey(),
      ...json,
    ])
    expect(exitCode).toBe(74)
    expect(err).toContain('the result cannot be written: ENOSPC')
  }
})

test('--decrypt of a bundle without keys: the verdict stands, exit 66', async () => {
  const path = join(folder, 'keyless.tar')
  await Bun.write(path, await sampleBundle(sample, { anchor }))
  const { exitCode, out, err } = verify(path, '--trust', sampleLedgerKey(), '--decrypt', join(folder, 'none'))
  expect(exitCode).toBe(66)
  expect(out).toContain('verified: all of it holds')
  expect(err).toContain('export it with --with-keys')
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

test('what could not be checked is no verdict: 66 in one line, and a document all the same', () => {
  for (const [path, code, sentence] of [
    [join(folder, 'nothing.tar'), 'no-bundle', 'there is no file'],
    [folder, 'not-a-file', 'is not a file'],
    [join(good, 'below'), 'bundle-unreadable', 'cannot read'],
  ] as const) {
    const plain = verify(path)
    expect([plain.exitCode, plain.out]).toEqual([66, ''])
    expect(plain.err.trim().split('\n')).toHaveLength(1)
    expect(plain.err).toContain(sentence)
    const json = verify(path, '--json')
    expect(json.exitCode).toBe(66)
    expect(JSON.parse(json.out)).toEqual({
      bundle: path,
      verdict: null,
      verified: false,
      exit: 66,
      conclusion: 'could not be checked',
      error: { code, detail: expect.stringContaining(sentence) },
      recording: null,
      checks: [],
    })
  }
})

test.skipIf(process.getuid?.() === 0)('a file that may not be read: 66', async () => {
  const path = join(folder, 'closed.tar')
  await Bun.write(path, bytes)
  await chmod(path, 0)
  expect(verify(path).exitCode).toBe(66)
})

test('a wrong command line with --json is a document too, exit 64', () => {
  for (const args of [
    ['--json'],
    [good, '--json', '--trsut', 'x'],
    [good, '--json', '--trust', 'ABC'],
    [good, bad, '--json'],
  ]) {
    const { exitCode, out, err } = verify(...args)
    expect(exitCode).toBe(64)
    expect(JSON.parse(out)).toMatchObject({ verdict: null, exit: 64, error: { code: 'usage' } })
    expect(err).not.toBe('')
  }
})

test('--owner-key opens what is sealed to the owner; a file without a key is exit 66', async () => {
  const owner = derived(3, 'owner x25519')
  const [path, key, out] = ['sealed.tar', 'owner.key', 'by-owner'].map((name) => join(folder, name))
  const seal = sealToOwner(x25519.getPublicKey(owner), sample.sessionKey, () => derived(4, 'ephemeral'))
  await Bun.write(path ?? '', await sampleBundle(sample, { anchor, sealed: sealedKeys(seal) }))
  await writeFile(key ?? '', `${owner.toHex()}\n`, { mode: 0o600 })
  const args = [path ?? '', '--trust', sampleLedgerKey(), '--decrypt', out ?? '']
  expect(verify(...args, '--owner-key', key ?? '').exitCode).toBe(0)
  expect((await Bun.file(out ?? '').bytes()).toHex()).toBe(sample.plain.toHex())
  expect(verify(...args, '--owner-key', good).exitCode).toBe(66)
})

test('--help tells the exit codes', () => {
  const { exitCode, out } = verify('--help')
  expect(exitCode).toBe(0)
  expect(out).toContain('self-asserted')
})
