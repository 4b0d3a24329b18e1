import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { recoverAddress } from 'viem'
import { isFault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { faultOf } from '../testing/faults.ts'
import { derived } from '../testing/sample-session.ts'
import { isOwner, ownerAddress, ownerBytes } from './owner.ts'
import { checkGrant, GRANT_MAX_MS, grantMessage, recoverGrant, signGrant } from './owner-grant.ts'
import {
  deriveOwner,
  recoverOwner,
  signMessage,
  signTronMessage,
  tronMessageDigest,
  verifyTronMessage,
} from './tron-message.ts'
import vectors from './vectors/owner-grant.json'

const key = derived(1, 'owner')
const owner = deriveOwner(key)
const session = 'a1b2c3d4-e5f6-4789-8abc-def012345678'
const now = 1_760_000_000_000
const terms = { session, expires: now + 60_000 }

test('the address of the USDT contract and its 20 bytes', () => {
  const address = 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t'
  expect(ownerBytes(address).toHex()).toBe('a614f803b6fd780986a42c78ec9c7f77e6ded13c')
  expect(ownerAddress(fromHex('a614f803b6fd780986a42c78ec9c7f77e6ded13c'))).toBe(address)
})

test('every 20 bytes have one address, and any changed character is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(33), (body, at) => {
      const address = ownerAddress(Uint8Array.from(body))
      expect(ownerBytes(address).toHex()).toBe(Uint8Array.from(body).toHex())
      const other = address[at] === '2' ? '3' : '2'
      expect(isOwner(address.slice(0, at) + other + address.slice(at + 1))).toBe(false)
    }),
  )
})

test('other lengths, other prefixes and an Ethereum address are no owners', async () => {
  for (const bad of ['', 'T', `0x${'a6'.repeat(20)}`, '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2', `${owner} `])
    expect(isFault(await faultOf(() => ownerBytes(bad)), 'owner-address')).toBe(true)
  expect(isFault(await faultOf(() => ownerAddress(new Uint8Array(21))), 'owner-address')).toBe(true)
})

test('the recorded TRON V2 message signatures are made and recovered', () => {
  for (const { private_key, address, message, signature } of vectors.signatures) {
    expect(deriveOwner(fromHex(private_key))).toBe(address)
    expect(signMessage(message, fromHex(private_key)).toHex()).toBe(signature)
    expect(recoverOwner(message, fromHex(signature))).toBe(address)
  }
})

test('an Ethereum library recovers the same account from the digest', async () => {
  for (const { address, message, signature } of vectors.signatures) {
    const hash = `0x${tronMessageDigest(message).toHex()}` as const
    const recovered = await recoverAddress({ hash, signature: `0x${signature}` })
    expect(recovered.toLowerCase()).toBe(`0x${ownerBytes(address).toHex()}`)
  }
})

test('a grant names its session and its end, and recovers to its signer', () => {
  expect(grantMessage(session, 5)).toBe(`lucid:key-release:v1:${session}:5`)
  const signature = signGrant(terms, key)
  expect(recoverGrant({ ...terms, signature })).toBe(owner)
  expect(recoverGrant({ ...terms, expires: terms.expires + 1, signature })).not.toBe(owner)
})

test('a grant passes only in force, for its session, by its owner', async () => {
  const grant = { expires: terms.expires, signature: signGrant(terms, key).toHex() }
  expect(await faultOf(() => checkGrant(grant, { session, owner, now }))).toBe('no fault')
  const refused = async (change: object, at = now, of = session, by = owner) =>
    faultOf(() => checkGrant({ ...grant, ...change }, { session: of, owner: by, now: at }))
  expect(isFault(await refused({}, terms.expires), 'grant-expired')).toBe(true)
  expect(isFault(await refused({ expires: now + GRANT_MAX_MS + 1 }), 'grant-too-long')).toBe(true)
  expect(isFault(await refused({}, now, 'a1b2c3d4-e5f6-4789-8abc-def012345679'), 'grant-not-owner')).toBe(true)
  expect(isFault(await refused({}, now, session, deriveOwner(derived(2, 'owner'))), 'grant-not-owner')).toBe(true)
  expect(isFault(await refused({ signature: '00'.repeat(65) }), 'owner-signature')).toBe(true)
})

test('malformed and malleable signatures are refused', async () => {
  const signature = signGrant(terms, key)
  const message = grantMessage(session, terms.expires)
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const s = n - BigInt(`0x${signature.slice(32, 64).toHex()}`)
  const high = fromHex(
    signature.slice(0, 32).toHex() + s.toString(16).padStart(64, '0') + (signature[64] === 27 ? '1c' : '1b'),
  )
  for (const bad of [
    high,
    signature.slice(1),
    signature.map((byte, at) => (at === 64 ? byte - 27 : byte)),
    Uint8Array.from([...new Uint8Array(64), 27]),
  ])
    expect(isFault(await faultOf(() => recoverOwner(message, bad)), 'owner-signature')).toBe(true)
})

test('a message signature as wallets write it is verified, and no second spelling of it', () => {
  const message = 'Sign in to lucid\nnonce 1'
  const signature = signTronMessage(message, key)
  const check = (text: string, by = owner, of = message) =>
    verifyTronMessage({ address: by, message: of, signature: text })
  const v = Number.parseInt(signature.slice(-2), 16)
  expect(check(signature)).toBe(true)
  expect(check(signature.slice(2).toUpperCase())).toBe(true)
  // As a Ledger writes it.
  expect(check(`${signature.slice(0, -2)}0${v - 27}`)).toBe(true)
  expect(check(signature, deriveOwner(derived(2, 'owner')))).toBe(false)
  expect(check(signature, owner, `${message} `)).toBe(false)
  for (const other of [2, 26, 29, 31, 255])
    expect(check(signature.slice(0, -2) + other.toString(16).padStart(2, '0'))).toBe(false)
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const high = (order - BigInt(`0x${signature.slice(66, 130)}`)).toString(16).padStart(64, '0')
  for (const flipped of [27, 28]) expect(check(`${signature.slice(0, 66)}${high}${flipped.toString(16)}`)).toBe(false)
  fc.assert(fc.property(fc.string(), (text) => expect(check(text)).toBe(false)))
})
