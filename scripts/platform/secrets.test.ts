import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Secret } from '#common/process/env'
import { type Home, homeAt } from './home.ts'
import { ensureSecret, readSecret, writeIdentities } from './secrets.ts'

let home: Home
beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), 'lucid-secrets-')))
})
afterEach(() => rmSync(home.root, { recursive: true }))

const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)
const posix = process.platform !== 'win32'

describe('a secret of the state folder', () => {
  test('is 32 random bytes as hex, in a private file in private folders', () => {
    const secret = ensureSecret(home, 'vault', 'MASTER_KEY')
    expect(secret.reveal()).toMatch(/^[0-9a-f]{64}$/)
    expect(readFileSync(home.secret('vault', 'MASTER_KEY'), 'utf8')).toBe(`${secret.reveal()}\n`)
    expect(readdirSync(dirname(home.secret('vault', 'MASTER_KEY')))).toEqual(['MASTER_KEY'])
    if (!posix) return
    expect(mode(home.secret('vault', 'MASTER_KEY'))).toBe('600')
    expect(mode(dirname(home.secret('vault', 'MASTER_KEY')))).toBe('700')
    expect(mode(home.secrets)).toBe('700')
  })

  test('differs from every other', () => {
    expect(ensureSecret(home, 'a', 'KEY').reveal()).not.toBe(ensureSecret(home, 'b', 'KEY').reveal())
  })

  test('once made is never overwritten', () => {
    const first = ensureSecret(home, 'vault', 'MASTER_KEY')
    const again = ensureSecret(home, 'vault', 'MASTER_KEY', () => {
      throw new Error('must not draw')
    })
    expect(again.reveal()).toBe(first.reveal())
  })

  test.skipIf(!posix)('that others may read is refused with the command that mends it', () => {
    ensureSecret(home, 'vault', 'MASTER_KEY')
    const path = home.secret('vault', 'MASTER_KEY')
    chmodSync(path, 0o644)
    expect(() => ensureSecret(home, 'vault', 'MASTER_KEY')).toThrow(
      `${path} is open to other users (mode 644): run chmod 600 on it, and replace the secret if others had access`,
    )
    chmodSync(path, 0o600)
    chmodSync(dirname(path), 0o755)
    expect(() => readSecret(home, 'vault', 'MASTER_KEY')).toThrow('run chmod 700 on it')
  })

  test('that is cut short or missing is refused, never replaced', () => {
    ensureSecret(home, 'vault', 'MASTER_KEY')
    writeFileSync(home.secret('vault', 'MASTER_KEY'), 'abc')
    expect(() => ensureSecret(home, 'vault', 'MASTER_KEY')).toThrow('does not hold 64 lower-case hex digits')
    expect(() => readSecret(home, 'vault', 'OTHER')).toThrow('is missing: bun run up creates it')
  })

  test('is the same for all of many processes that start for the first time at once', async () => {
    const program = `import { homeAt } from ${JSON.stringify(join(import.meta.dir, 'home.ts'))}
      import { ensureSecret } from ${JSON.stringify(join(import.meta.dir, 'secrets.ts'))}
      const home = homeAt(${JSON.stringify(home.root)})
      for (let i = 0; i < 20; i++) console.log(ensureSecret(home, 'race', 'KEY_' + i).reveal())`
    const runs = Array.from({ length: 4 }, () =>
      Bun.spawn([process.execPath, '-e', program], { cwd: join(import.meta.dir, '../..'), stderr: 'inherit' }),
    )
    const outputs = await Promise.all(runs.map((run) => new Response(run.stdout).text()))
    expect(outputs[0]?.trim().split('\n')).toHaveLength(20)
    expect(new Set(outputs).size).toBe(1)
  })
})

test('identities are the public keys by name', () => {
  // RFC 8032 section 7.1, test 1
  const key = new Secret('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60')
  writeIdentities(home, { operator: key })
  expect(JSON.parse(readFileSync(home.identities, 'utf8'))).toEqual({
    operator: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  })
})
