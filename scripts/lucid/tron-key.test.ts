import { describe, expect, test } from 'bun:test'
import { argon2id } from '@noble/hashes/argon2.js'
import fc from 'fast-check'
import { openTronKey, parseTronKey, sealTronKey } from './tron-key.ts'
import vectors from './vectors/tron-key.json'

const counter = () => {
  let next = 0
  return (size: number) => Uint8Array.from({ length: size }, () => next++)
}
const cheap = { memory_kib: 32, passes: 1, lanes: 1 }
const secret = Uint8Array.fromHex('11'.repeat(32))

describe('a sealed TRON key', () => {
  test.each(vectors)('of the vectors opens, and is sealed to the same bytes again: $passphrase', async (vector) => {
    const file = parseTronKey(JSON.stringify(vector.file), 'vector')
    expect((await openTronKey(file, vector.passphrase)).toHex()).toBe(vector.secret)
    const { memory_kib, passes, lanes } = file.kdf
    const again = await sealTronKey(Uint8Array.fromHex(vector.secret), vector.passphrase, {
      random: counter(),
      cost: { memory_kib, passes, lanes },
    })
    expect(again).toEqual(file)
  })

  test.each(vectors)(
    'opens with the Argon2id and the XChaCha20-Poly1305 of noble',
    async (vector) => {
      const { kdf, cipher, sealed, address } = vector.file
      const { memory_kib: m, passes: t, lanes: p } = kdf
      const words = new TextEncoder().encode(vector.passphrase.normalize('NFKC'))
      const key = argon2id(words, Uint8Array.fromHex(kdf.salt), { m, t, p, dkLen: 32 })
      const { xchacha20poly1305 } = await import('@noble/ciphers/chacha.js')
      const aad = `{"address":"${address}","cipher":{"name":"xchacha20-poly1305","nonce":"${cipher.nonce}"},"format":"lucid-tron-key/v1","kdf":{"lanes":${kdf.lanes},"memory_kib":${kdf.memory_kib},"name":"argon2id","passes":${kdf.passes},"salt":"${kdf.salt}","version":19}}`
      const plain = xchacha20poly1305(key, Buffer.from(cipher.nonce, 'hex'), Buffer.from(aad)).decrypt(
        Buffer.from(sealed, 'hex'),
      )
      expect(plain.toHex()).toBe(vector.secret)
    },
    120_000,
  )

  test('opens however the passphrase is typed: composed or decomposed', async () => {
    const file = await sealTronKey(secret, 'Grüße von überall', { random: counter(), cost: cheap })
    expect((await openTronKey(file, 'Grüße von überall'.normalize('NFD'))).toHex()).toBe(secret.toHex())
  })

  test('does not open with another passphrase, nor when a byte of it was changed', async () => {
    const file = await sealTronKey(secret, 'correct horse', { random: counter(), cost: cheap })
    const refused = 'the passphrase is another one, or the file was changed'
    expect(openTronKey(file, 'correct horsf')).rejects.toThrow(refused)
    const changed = [
      { ...file, address: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8' },
      { ...file, kdf: { ...file.kdf, passes: 2 } },
      { ...file, kdf: { ...file.kdf, salt: file.kdf.salt.replace('0', '1') } },
      { ...file, cipher: { ...file.cipher, nonce: 'ff'.repeat(24) } },
      { ...file, sealed: file.sealed.replace(/.$/, (last) => (last === '0' ? '1' : '0')) },
    ]
    for (const other of changed) await expect(openTronKey(other, 'correct horse')).rejects.toThrow(refused)
  })
})

describe('what is no key file', () => {
  const [{ file }] = vectors as [(typeof vectors)[number]]
  test.each([
    ['no JSON', '{'],
    ['another format', JSON.stringify({ ...file, format: 'lucid-tron-key/v2' })],
    ['an unknown field', JSON.stringify({ ...file, secret: '11' })],
    ['a cost beyond 1 GiB', JSON.stringify({ ...file, kdf: { ...file.kdf, memory_kib: 2 ** 21 } })],
    ['another derivation', JSON.stringify({ ...file, kdf: { ...file.kdf, name: 'argon2i' } })],
    ['an address with a wrong checksum', JSON.stringify({ ...file, address: `${file.address.slice(0, -1)}1` })],
  ])('%s is refused before anything is computed', (_, text) => {
    expect(() => parseTronKey(text, 'a.key')).toThrow('a.key is not a key file of Lucid')
  })

  test('whatever it is, it is refused in one sentence that does not quote it', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(() => parseTronKey(text, 'a.key')).toThrow(/^a\.key is not a key file of Lucid/)
      }),
    )
  })
})
