import { describe, expect, test } from 'bun:test'
import { x25519 } from '@noble/curves/ed25519.js'
import { faultOf } from '#common/testing/faults'
import { derived } from '#common/testing/sample-session'
import { countedRandom } from './fixture.ts'
import { openAsOwner, sealToOwner } from './owner-seal.ts'
import vector from './vectors/owner-seal.json'

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
      expect(await faultOf(() => openAsOwner(secret, changed))).toMatchObject({
        code: 'not-sealed-to-this-key',
      })
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
