import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { x25519 } from '@noble/curves/ed25519.js'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

const folder = mkdtempSync(join(tmpdir(), 'lucid-owner-key-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ownerKey = (...args: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, join(import.meta.dir, 'owner-key.ts'), ...args])
  return { exitCode, out: stdout.toString(), err: stderr.toString() }
}

test('a new key is private, its public half is printed, and it is never drawn over', () => {
  const file = join(folder, 'owner.key')
  const made = ownerKey('--new', file)
  const secret = readFileSync(file, 'utf8').trim()
  expect(made).toMatchObject({ exitCode: 0, err: '' })
  expect(made.out).toBe(`${x25519.getPublicKey(Uint8Array.fromHex(secret)).toHex()}\n`)
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(ownerKey('--new', file).exitCode).toBe(73)
  expect(ownerKey(file)).toEqual(made)
  expect(JSON.parse(ownerKey(file, '--json').out)).toEqual({ public_key: made.out.trim() })
})

test.skipIf(process.platform === 'win32')('a key that others may read is refused, and is not shown', () => {
  const file = join(folder, 'open.key')
  ownerKey('--new', file)
  for (const mode of [0o640, 0o604]) {
    chmodSync(file, mode)
    const { exitCode, out, err } = ownerKey(file)
    expect([exitCode, out]).toEqual([66, ''])
    expect(err).toContain('chmod 600')
    expect(err).not.toContain(readFileSync(file, 'utf8').trim())
  }
})

test('a file that is not there, a folder and other content are no key', () => {
  for (const path of [join(folder, 'nothing'), folder, import.meta.path]) expect(ownerKey(path).exitCode).toBe(66)
})
