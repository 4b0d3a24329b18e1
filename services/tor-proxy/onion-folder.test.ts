import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openOnionFolder, publishAddresses } from './onion-folder.ts'

const root = mkdtempSync(join(tmpdir(), 'lucid-onions-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const posix = process.platform !== 'win32'
const seed = () => new Uint8Array(32).fill(5)
const never = () => {
  throw new Error('a key was about to be made')
}

test('a key is made once; afterwards the address is that of the key, whatever else is lost', () => {
  const folder = join(root, 'one')
  const address = openOnionFolder(folder, seed)
  expect(address).toMatch(/^[a-z2-7]{56}\.onion$/)
  rmSync(join(folder, 'hostname'))
  rmSync(join(folder, 'hs_ed25519_public_key'))
  expect(openOnionFolder(folder, never)).toBe(address)
  expect(readFileSync(join(folder, 'hostname'), 'utf8')).toBe(`${address}\n`)
  expect(readdirSync(folder).toSorted()).toEqual(['hostname', 'hs_ed25519_public_key', 'hs_ed25519_secret_key'])
})

test.skipIf(!posix)('the key is for its owner alone, also after a careless restore', () => {
  const folder = join(root, 'two')
  openOnionFolder(folder, seed)
  const key = join(folder, 'hs_ed25519_secret_key')
  chmodSync(folder, 0o755)
  chmodSync(key, 0o644)
  openOnionFolder(folder, never)
  expect([statSync(folder).mode & 0o777, statSync(key).mode & 0o777]).toEqual([0o700, 0o600])
})

test('a damaged key is said and left as it is', () => {
  const folder = join(root, 'three')
  openOnionFolder(folder, seed)
  writeFileSync(join(folder, 'hs_ed25519_secret_key'), 'half')
  expect(() => openOnionFolder(folder, seed)).toThrow('restore it from a backup')
  expect(readFileSync(join(folder, 'hs_ed25519_secret_key'), 'utf8')).toBe('half')
})

test('addresses are published as JSON that anybody may read', () => {
  const folder = join(root, 'addresses')
  publishAddresses(folder, { gateway: 'x.onion' })
  publishAddresses(folder, { gateway: 'y.onion' })
  const path = join(folder, 'addresses.json')
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ gateway: 'y.onion' })
  if (posix) expect(statSync(path).mode & 0o777).toBe(0o644)
})
