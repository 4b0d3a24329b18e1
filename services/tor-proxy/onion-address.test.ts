import { expect, test } from 'bun:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { hashPassword } from './hash-password.ts'
import {
  derivePublicKey,
  expandedSecret,
  onionAddress,
  publicFile,
  readSecretFile,
  secretFile,
} from './onion-address.ts'

/** Made by tor 0.4.9.11: ADD_ONION NEW:ED25519-V3, its PrivateKey (hex) and its ServiceID. */
const byTor = {
  expanded:
    '4036b662ef819255cfc51e23391d1ec1ca4dfd8ce351b5a63b8dc1670408d07a0fc75db73e3fea8843c9886cb38ec504ccafb01d8c824c51699603df8cbc1bb6',
  address: 'p26mhtdnc5u3k45qorzpupemcvkmpnjy2jygjm7nvxix6x3kascjclid.onion',
}

test('the address of a key is the one that tor gave it', () => {
  expect(onionAddress(derivePublicKey(Uint8Array.fromHex(byTor.expanded)))).toBe(byTor.address)
})

test('an expanded seed has the public key of the seed', () => {
  for (const fill of [0, 1, 127, 255]) {
    const seed = new Uint8Array(32).fill(fill)
    expect(derivePublicKey(expandedSecret(seed))).toEqual(ed25519.getPublicKey(seed))
  }
})

test("the files are tor's: a header of 32 bytes, then the key", () => {
  const expanded = expandedSecret(new Uint8Array(32))
  const file = secretFile(expanded)
  expect(file.length).toBe(96)
  expect(new TextDecoder().decode(file.subarray(0, 32))).toBe('== ed25519v1-secret: type0 ==\0\0\0')
  expect(readSecretFile(file)).toEqual(expanded)
  expect(publicFile(derivePublicKey(expanded)).length).toBe(64)
})

test('what is no such file is refused', () => {
  const file = secretFile(expandedSecret(new Uint8Array(32)))
  for (const wrong of [new Uint8Array(), file.subarray(1), file.with(3, 0), publicFile(new Uint8Array(32))])
    expect(() => readSecretFile(wrong)).toThrow('restore it from a backup')
})

test('a hashed password is the one that tor prints for it', () => {
  const byTor = '16:7A69DD001D2F0D0B606F59AD454A987BA062503A08B5AC00D74801221D'
  expect(hashPassword('cd'.repeat(32), Uint8Array.fromHex(byTor.slice(3, 19)))).toBe(byTor)
})
