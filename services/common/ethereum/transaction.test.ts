import { describe, expect, test } from 'bun:test'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import fc from 'fast-check'
import { type Hex, keccak256, toHex, toRlp } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { Fault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { deriveAddress } from './address.ts'
import { decodeTransaction, signTransaction } from './transaction.ts'

const key = '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318'
const account = privateKeyToAccount(`0x${key}`)
const to = '6c756369642d616e63686f727300000000000000'

const ORDER = secp256k1.Point.Fn.ORDER

/** Bytes that our own signing refuses to make: any fields, truly signed, of type 2. */
const forge = (fields: readonly (Hex | readonly Hex[])[], change = (signature: readonly Hex[]) => signature) => {
  const digest = keccak256(`0x02${toRlp(fields).slice(2)}`)
  const bytes = secp256k1.sign(fromHex(digest.slice(2)), fromHex(key), { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
  return `02${toRlp([...fields, ...change([recovery ? '0x01' : '0x', toHex(r), toHex(s)])]).slice(2)}`
}

const codeOf = (raw: string): string => {
  try {
    decodeTransaction(raw)
    return 'taken'
  } catch (error) {
    return error instanceof Fault ? `${error.kind} ${error.code}` : String(error)
  }
}

describe('Ethereum transactions', () => {
  test('the address of a key is that of viem', () => {
    expect(`0x${deriveAddress(key)}`).toBe(account.address.toLowerCase() as `0x${string}`)
  })

  test('a signed fee transaction has the bytes that viem makes, and reads back', async () => {
    const sample = fc.sample(
      fc.record({
        nonce: fc.nat(),
        value: fc.bigInt({ min: 0n, max: 2n ** 100n }),
        gas: fc.bigInt({ min: 0n, max: 30_000_000n }),
        maxFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 60n }),
        maxPriorityFeePerGas: fc.bigInt({ min: 0n, max: 2n ** 40n }),
        data: fc.uint8Array({ maxLength: 300 }).map((bytes) => bytes.toHex()),
        create: fc.boolean(),
      }),
      { numRuns: 60, seed: 7 },
    )
    for (const { create, ...fields } of sample) {
      const fees = [fields.maxFeePerGas, fields.maxPriorityFeePerGas].sort((a, b) => (a < b ? 1 : -1))
      const maxFeePerGas = fees[0] ?? 0n
      const tx = { ...fields, maxFeePerGas, chainId: 1819632484, to: create ? undefined : to }
      const { raw, hash } = signTransaction(tx, key)
      const theirs = await account.signTransaction({
        ...fields,
        maxFeePerGas,
        chainId: tx.chainId,
        type: 'eip1559',
        data: `0x${tx.data}`,
        ...(create ? {} : { to: `0x${to}` as const }),
      })
      expect(`0x${raw}`).toBe(theirs)
      expect(`0x${hash}`).toBe(keccak256(`0x${raw}`))
      expect(decodeTransaction(raw)).toMatchObject({ ...tx, type: 2, from: deriveAddress(key), hash, accessList: [] })
    }
  })

  test('legacy and access-list transactions of viem are read', async () => {
    const base = { to: `0x${to}`, nonce: 3, gas: 21000n, value: 5n, gasPrice: 9n, data: '0xabcd' } as const
    const legacy = await account.signTransaction({ ...base, type: 'legacy', chainId: 1819632484 })
    expect(decodeTransaction(legacy.slice(2))).toMatchObject({
      type: 0,
      chainId: 1819632484,
      from: deriveAddress(key),
      gasPrice: 9n,
      data: 'abcd',
      nonce: 3,
      value: 5n,
      to,
    })
    const old = await account.signTransaction({ ...base, type: 'legacy' })
    expect(decodeTransaction(old.slice(2))).toMatchObject({ type: 0, chainId: undefined, from: deriveAddress(key) })
    const accessList = [{ address: `0x${to}`, storageKeys: [`0x${'00'.repeat(31)}01`] }] as const
    const listed = await account.signTransaction({ ...base, type: 'eip2930', chainId: 7, accessList })
    expect(decodeTransaction(listed.slice(2))).toMatchObject({
      type: 1,
      chainId: 7,
      from: deriveAddress(key),
      accessList: [{ address: to, storageKeys: [`${'00'.repeat(31)}01`] }],
    })
  })

  const chainId: Hex = '0x6c756364'
  const plain: readonly (Hex | readonly Hex[])[] = [
    chainId,
    ...(['0x03', '0x05', '0x09', '0x5208', `0x${to}`, '0x', '0xabcd'] as const),
    [],
  ]
  const replaced = (at: number, field: Hex | readonly Hex[]) => plain.with(at, field)
  /** The other signature of the same payment: it would give it a second hash. */
  const mirror = ([parity, r, s]: readonly Hex[]): readonly Hex[] => [
    parity === '0x' ? '0x01' : '0x',
    r ?? '0x',
    toHex(ORDER - BigInt(s ?? 0)),
  ]
  const hostile: readonly [string, string, string][] = [
    ['the fields that the others change', 'taken', forge(plain)],
    ['a mirrored signature (EIP-2)', 'invalid transaction-malformed', forge(plain, mirror)],
    ['no signature', 'invalid transaction-malformed', forge(plain, () => [])],
    ['an empty signature', 'invalid transaction-malformed', forge(plain, () => ['0x', '0x', '0x'])],
    ['a parity of 2', 'invalid transaction-malformed', forge(plain, ([, r, s]) => ['0x02', r ?? '0x', s ?? '0x'])],
    ['a tip above the maximum fee', 'invalid fee-malformed', forge(replaced(2, '0x0a'))],
    ['a nonce with a leading zero', 'invalid transaction-malformed', forge(replaced(1, '0x0003'))],
    ['a nonce of zero as a byte', 'invalid transaction-malformed', forge(replaced(1, '0x00'))],
    ['a nonce above 53 bits', 'invalid transaction-malformed', forge(replaced(1, '0x20000000000000'))],
    ['a chain id above 53 bits', 'invalid transaction-malformed', forge(replaced(0, '0x20000000000000'))],
    ['gas above 64 bits', 'invalid transaction-malformed', forge(replaced(4, `0x01${'00'.repeat(8)}`))],
    ['a value above 256 bits', 'invalid transaction-malformed', forge(replaced(6, `0x01${'00'.repeat(32)}`))],
    ['an address of 19 bytes', 'invalid transaction-malformed', forge(replaced(5, `0x${'11'.repeat(19)}`))],
    ['a list for a number', 'invalid transaction-malformed', forge(replaced(6, []))],
    ['bytes for a list', 'invalid transaction-malformed', forge(replaced(8, '0x01'))],
    ['a field too many', 'invalid transaction-malformed', forge([...plain, '0x'])],
    ['a field too few', 'invalid transaction-malformed', forge(plain.slice(1))],
    ['the type of a blob transaction', 'invalid transaction-malformed', `03${forge(plain).slice(2)}`],
  ]
  test.each(hostile)('with %s: %s', (_name, code, raw) => {
    expect(codeOf(raw)).toBe(code)
  })

  test('a refusal repeats no more than a little of what was sent', () => {
    const raw = forge(replaced(5, `0x${'11'.repeat(100_000)}`))
    expect(() => decodeTransaction(raw)).toThrow(/^.{1,200}$/)
  })

  test('a tip above the maximum fee is not signed either', () => {
    const fees = { maxFeePerGas: 1n, maxPriorityFeePerGas: 2n }
    const tx = { chainId: 1, nonce: 0, gas: 1n, to, value: 0n, data: '', ...fees }
    expect(() => signTransaction(tx, key)).toThrow('tip')
  })

  test('broken bytes are refused with one kind of fault', () => {
    const { raw } = signTransaction(
      { chainId: 1, nonce: 0, gas: 1n, to, value: 0n, data: '', maxFeePerGas: 1n, maxPriorityFeePerGas: 0n },
      key,
    )
    for (const bad of ['', '03', '02', '02c0', 'c0', raw.slice(0, -2), `${raw}00`, `05${raw.slice(2)}`])
      expect(() => decodeTransaction(bad)).toThrow('not a transaction')
    expect(() => decodeTransaction('0')).toThrow('hex')
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeTransaction(bytes.toHex())
        } catch (error) {
          expect(String(error)).toContain('not a transaction')
        }
      }),
    )
  })
})
