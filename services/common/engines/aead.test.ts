import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { isFault } from '../process/fault.ts'
import { concat, fromHex } from '../stream/bytes.ts'
import { aeadEngine, chooseAead, nobleAead, webcryptoPath } from './aead.ts'
import vectors from './vectors/xchacha20poly1305.json'
import { nobleOpen, nobleSeal } from './xchacha-noble.ts'
import { xchachaPool } from './xchacha-pool.ts'
import { hchacha20, webOpen, webSeal } from './xchacha-webcrypto.ts'

const { hchacha20: subkey, aead } = vectors
const message = {
  key: fromHex(aead.key),
  nonce: fromHex(aead.nonce),
  aad: fromHex(aead.aad),
  plain: fromHex(aead.plain),
}
const sealed = concat(fromHex(aead.ciphertext), fromHex(aead.tag))
const filled = (size: number, seed: number) => Uint8Array.from({ length: size }, (_, at) => (at * 13 + seed) & 255)
const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no fault',
    (error) => error,
  )

test('HChaCha20 gives the vector of the draft', () => {
  expect(hchacha20(fromHex(subkey.key), fromHex(subkey.nonce)).toHex()).toBe(subkey.subkey)
})

test('every path gives the AEAD vector of the draft', async () => {
  const run = xchachaPool()
  expect(nobleSeal(message).toHex()).toBe(sealed.toHex())
  expect((await webSeal(message)).toHex()).toBe(sealed.toHex())
  expect((await run({ seal: message })).toHex()).toBe(sealed.toHex())
  expect(nobleOpen({ ...message, sealed }).toHex()).toBe(aead.plain)
  expect((await webOpen({ ...message, sealed })).toHex()).toBe(aead.plain)
  expect((await run({ open: { ...message, sealed } })).toHex()).toBe(aead.plain)
})

test('WebCrypto is taken where it answers, and shows it', async () => {
  const engine = await aeadEngine()
  expect(engine.name).toBe('webcrypto')
  expect(engine.rejected).toEqual([])
})

test('the paths agree on every size around a block border and every AAD length', async () => {
  const size = fc
    .tuple(fc.constantFrom(0, 16, 64, 128, 1024, 8192, 65536), fc.integer({ min: -2, max: 2 }))
    .map(([base, off]) => Math.max(0, base + off))
  await fc.assert(
    fc.asyncProperty(size, fc.integer({ min: 0, max: 40 }), fc.integer(), async (length, aadLength, seed) => {
      const some = {
        key: filled(32, seed),
        nonce: filled(24, seed + 1),
        aad: filled(aadLength, seed + 2),
        plain: filled(length, seed + 3),
      }
      const byNoble = nobleSeal(some)
      expect((await webSeal(some)).toHex()).toBe(byNoble.toHex())
      expect((await webOpen({ ...some, sealed: byNoble })).toHex()).toBe(some.plain.toHex())
    }),
    { numRuns: 150 },
  )
})

test('one changed bit anywhere gives the fault aead-failed and no bytes', async () => {
  const run = xchachaPool()
  const big = { ...message, plain: filled(20_000, 1) }
  const whole = nobleSeal(big)
  for (const at of [0, 9_999, whole.length - 17, whole.length - 1])
    for (const open of [
      webcryptoPath.open,
      nobleAead().open,
      (o: typeof big & { sealed: Uint8Array }) => run({ open: o }),
    ]) {
      const forged = whole.map((byte, i) => (i === at ? byte ^ 0x10 : byte))
      const error = await faultOf(open({ ...big, sealed: forged }))
      expect(isFault(error, 'aead-failed')).toBe(true)
    }
  for (const changed of [{ key: filled(32, 9) }, { nonce: filled(24, 9) }, { aad: filled(5, 9) }])
    expect(isFault(await faultOf(webcryptoPath.open({ ...big, sealed: whole, ...changed })), 'aead-failed')).toBe(true)
})

test('wrong sizes of key, nonce and ciphertext are faults', async () => {
  const engine = await aeadEngine()
  expect(isFault(await faultOf(engine.seal({ ...message, key: new Uint8Array(31) })), 'aead-key-size')).toBe(true)
  expect(isFault(await faultOf(engine.seal({ ...message, nonce: new Uint8Array(12) })), 'aead-nonce-size')).toBe(true)
  expect(isFault(await faultOf(engine.open({ ...message, sealed: new Uint8Array(15) })), 'aead-failed')).toBe(true)
})

test('a path that answers wrongly is rejected, and noble does large messages off the main thread', async () => {
  const engine = await chooseAead({ ...webcryptoPath, seal: async () => new Uint8Array(130) })
  expect(engine.name).toBe('noble')
  expect(engine.rejected).toEqual([{ name: 'webcrypto', reason: 'wrong answer to the known-answer test' }])
  const big = { ...message, plain: filled(300_000, 7) }
  const bytes = await engine.seal(big)
  expect(bytes.toHex()).toBe((await webSeal(big)).toHex())
  expect((await engine.open({ ...big, sealed: bytes })).toHex()).toBe(big.plain.toHex())
})

test('a path that opens forged messages is rejected', async () => {
  const engine = await chooseAead({ ...webcryptoPath, open: async () => message.plain })
  expect(engine.name).toBe('noble')
})

test('where the worker cannot be loaded the work is done all the same', async () => {
  const run = xchachaPool(new URL('./no-such-worker.ts', import.meta.url))
  const big = { ...message, plain: filled(20_000, 1) }
  const bytes = await run({ seal: big })
  expect(bytes.toHex()).toBe(nobleSeal(big).toHex())
  expect((await run({ open: { ...big, sealed: bytes } })).toHex()).toBe(big.plain.toHex())
})
