import { describe, expect, test } from 'bun:test'
import { x25519 } from '@noble/curves/ed25519.js'
import { blake3 } from '#common/engines/blake3'
import { faultOf } from '#common/testing/faults'
import { derived } from '#common/testing/sample-session'
import { utf8 } from '../stream/bytes.ts'
import { canonicalBytes } from './canonical-json.ts'
import { openAsOwner, openSealedKeys, parseSealedKeys, sealedKeys, sealToOwner } from './owner-seal.ts'
import vector from './vectors/owner-seal.json'

/** The randomness of the vector. */
const countedRandom = () => () => blake3(utf8('random/0'))

const secret = derived(1, 'owner x25519')
const key = derived(2, 'session key')
const sealed = sealToOwner(x25519.getPublicKey(secret), key, countedRandom())

describe('a session key sealed to its owner', () => {
  test('is the bytes of the vector', () => {
    expect({ owner_secret: secret.toHex(), key: key.toHex(), sealed: sealed.toHex() }).toEqual({
      owner_secret: vector.owner_secret,
      key: vector.key,
      sealed: vector.sealed,
    })
  })

  test('opens for the owner', () => {
    expect(openAsOwner(secret, sealed)).toEqual(key)
  })

  test('opens for nobody else', async () => {
    const other = derived(3, 'owner x25519')
    expect(await faultOf(() => openAsOwner(other, sealed))).toMatchObject({ code: 'not-sealed-to-this-key' })
  })

  test('does not open when any byte of it was changed', async () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(await faultOf(() => openAsOwner(secret, changed))).toMatchObject({ code: 'not-sealed-to-this-key' })
    }
  })

  test('is never sealed to a point of small order, under which anybody could open it', async () => {
    const smallOrder = [
      new Uint8Array(32),
      Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0)),
      Uint8Array.fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
    ]
    for (const point of smallOrder)
      expect(await faultOf(() => sealToOwner(point, key, countedRandom()))).toMatchObject({
        kind: 'invalid',
        code: 'owner-x25519',
      })
  })
})

describe('keys.sealed.json', () => {
  const document = utf8(vector.document)

  test('is the canonical bytes of the vector, and opens for the owner', () => {
    expect(new TextDecoder().decode(canonicalBytes(sealedKeys(sealed)))).toBe(vector.document)
    expect(openSealedKeys(parseSealedKeys(document), secret)).toEqual(key)
  })

  const { alg, epk, ct } = sealedKeys(sealed)
  const wrong: readonly (readonly [string, unknown])[] = [
    ['another algorithm', { alg: 'X25519', epk, ct }],
    ['a key more', { alg, epk, ct, also: 1 }],
    ['a short ciphertext', { alg, epk, ct: ct.slice(2) }],
    ['capitals', { alg, epk: epk.toUpperCase(), ct }],
  ]
  test.each(wrong)('is refused with %s', async (_, value) => {
    expect(await faultOf(() => parseSealedKeys(canonicalBytes(value)))).toMatchObject({ code: 'sealed-keys-schema' })
  })

  test('is refused in another spelling', async () => {
    expect(await faultOf(() => parseSealedKeys(utf8(` ${vector.document}`)))).toMatchObject({
      code: 'sealed-keys-not-canonical',
    })
  })
})
