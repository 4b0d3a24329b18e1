import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { utf8 } from '#common/stream/bytes'
import { noise, sampleBundle, sampleSession } from '#common/testing/sample-session'
import { assemble, disassemble } from '../demo/bundle-parts.ts'

setDefaultTimeout(60_000) // each test starts a program or two; a machine may be busy
const folder = await mkdtemp(join(tmpdir(), 'lucid-hostile-text-'))
afterAll(() => rm(folder, { recursive: true }))

const ok = (what: string, detail: string) => `\u001b[32mok\u001b[39m   ${what.padEnd(9)} ${detail}\r\n`
/** Clears the screen, prints a verdict of its own and hides what is printed after it. */
const attack = `\u001b[2J\u001b[H${ok('structure', 'canonical ustar')}${ok('chunks', 'all of them')}\u001b[32mverified: all of it holds\u001b[39m\r\n\u001b[8m\u009b8m\u202e\u200b`

const bytes = await sampleBundle(await sampleSession(noise(300, 1)))
const bad = join(folder, 'bad.tar')
await Bun.write(
  bad,
  assemble(
    disassemble(bytes).map((entry) =>
      entry.name === 'manifest.json'
        ? {
            ...entry,
            content: utf8(JSON.stringify({ ...JSON.parse(new TextDecoder().decode(entry.content)), [attack]: 1 })),
          }
        : entry,
    ),
  ),
)

/** A command of ours as a person runs it; what it printed, both streams. */
const run = (name: string, ...args: readonly string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, join(import.meta.dir, name), ...args], {
    env: { PATH: process.env['PATH'] ?? '', LUCID_HOME: folder },
  })
  return { exitCode, out: stdout.toString(), err: stderr.toString() }
}
const isInert = (text: string) => !/\p{Cc}(?<!\n)|\p{Cf}|^(?:ok|verified)\b.*all of/mu.test(text)

test('a key of a bundle cannot print a verdict', () => {
  for (const flags of [[], ['--json']]) {
    const { exitCode, out, err } = run('verify.ts', bad, ...flags)
    expect(exitCode).toBe(1)
    expect(out).toContain('\\u001b[2J')
    expect(isInert(out + err)).toBe(true)
  }
})

test.each([
  ['verify.ts', [`--${attack}`]],
  ['verify.ts', [`nothing${attack}.tar`]],
  ['verify.ts', [bad, attack]],
  ['verify.ts', [bad, '--trust', attack]],
  ['export.ts', [attack]],
  ['record.ts', ['--input', `nothing${attack}`]],
  ['record.ts', ['--input', bad, '--wait', attack]],
  ['record.ts', ['--input', bad, '--owner', attack]],
  ['../platform/logs.ts', [attack]],
  ['../store/store.ts', ['copy', '--from', attack, '--to', attack]],
  ['../store/migrate.ts', ['--service', attack]],
  ['../doctor/recover/recover.ts', [attack, attack]],
  ['../images/verify-images.ts', ['--images', attack]],
  ['../backup/restore.ts', ['--identity', attack]],
  ['../../health/check.ts', [`--stack=${attack}`]],
])('what was typed is given back escaped: %s %j', (name, args) => {
  const { exitCode, out, err } = run(name, ...args)
  expect(exitCode).not.toBe(0)
  expect(`${out}${err}`).not.toBe('')
  expect(isInert(out + err)).toBe(true)
})
