import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ed25519 } from '@noble/curves/ed25519.js'
import { utf8 } from '#common/stream/bytes'
import { LOCK_FILE } from '../../images/layout/digests-lock.ts'
import { SIGNATURE_FILE, signLock } from '../../images/layout/signature.ts'
import { checkSignature } from './signature.ts'

const folder = mkdtempSync(join(tmpdir(), 'lucid-signature-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const lock = utf8('{"services":{}}\n')
const [key, stranger] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
const publicKey = (of: Uint8Array) => ed25519.getPublicKey(of).toHex()
const made = { count: 0 }
const distWith = (signature: string | undefined): string => {
  const dist = mkdtempSync(join(folder, `${made.count++}-`))
  writeFileSync(join(dist, LOCK_FILE), lock)
  if (signature !== undefined) writeFileSync(join(dist, SIGNATURE_FILE), signature)
  return dist
}

describe('images', () => {
  test('of whoever the host trusts are taken', () => {
    expect(checkSignature(distWith(signLock(lock, key)), publicKey(key))).toEqual({
      signer: publicKey(key),
      fault: undefined,
    })
  })

  test('on a host that trusts nobody yet make their signer the trusted one', () => {
    expect(checkSignature(distWith(signLock(lock, key)), undefined)).toEqual({
      signer: publicKey(key),
      fault: undefined,
    })
  })

  test('of a stranger are refused, and the host goes on trusting whom it trusted', () => {
    const { signer, fault } = checkSignature(distWith(signLock(lock, stranger)), publicKey(key))
    expect(signer).toBe(publicKey(key))
    expect(fault).toContain(`it was signed by ${publicKey(stranger)}, which is not the key that is trusted`)
  })

  test('with a signature of another lock, with none, or with something else in its place are refused', () => {
    const faultOf = (signature: string | undefined) => checkSignature(distWith(signature), undefined).fault
    expect(faultOf(signLock(utf8('{}'), key))).toContain('the signature does not fit the lock')
    expect(faultOf(undefined)).toBe('the images are not signed')
    expect(faultOf('{"public_key":')).toBeString()
    expect(faultOf('null')).toBeString()
  })
})
