import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromRlp, type Hex, keccak256, toRlp } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { addressOf, decodeTransaction, signTransaction } from './eth-transaction.ts'

const key = '4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318'
const account = privateKeyToAccount(`0x${key}`)
const to = '6c756369642d616e63686f727300000000000000'

describe('Ethereum transactions', () => {
  test('the address of a key is that of viem', () => {
    expect(`0x${addressOf(key)}`).toBe(account.address.toLowerCase() as `0x${string}`)
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
      const tx = { ...fields, chainId: 1819632484, to: create ? undefined : to }
      const { raw, hash } = signTransaction(tx, key)
      const fees = [tx.maxFeePerGas, tx.maxPriorityFeePerGas].sort((a, b) => (a < b ? 1 : -1))
      const highest = fees[0] ?? 0n
      const same = signTransaction({ ...tx, maxFeePerGas: highest }, key)
      const theirs = await account.signTransaction({
        ...fields,
        maxFeePerGas: highest,
        chainId: tx.chainId,
        type: 'eip1559',
        data: `0x${tx.data}`,
        ...(create ? {} : { to: `0x${to}` as const }),
      })
      expect(`0x${same.raw}`).toBe(theirs)
      expect(`0x${hash}`).toBe(keccak256(`0x${raw}`))
      expect(decodeTransaction(raw)).toMatchObject({
        ...tx,
        type: 2,
        from: addressOf(key),
        hash,
        accessList: [],
      })
    }
  })

  test('legacy and access-list transactions of viem are read', async () => {
    const base = { to: `0x${to}`, nonce: 3, gas: 21000n, value: 5n, gasPrice: 9n, data: '0xabcd' } as const
    const legacy = await account.signTransaction({ ...base, type: 'legacy', chainId: 1819632484 })
    expect(decodeTransaction(legacy.slice(2))).toMatchObject({
      type: 0,
      chainId: 1819632484,
      from: addressOf(key),
      gasPrice: 9n,
      data: 'abcd',
      nonce: 3,
      value: 5n,
      to,
    })
    const old = await account.signTransaction({ ...base, type: 'legacy' })
    expect(decodeTransaction(old.slice(2))).toMatchObject({
      type: 0,
      chainId: undefined,
      from: addressOf(key),
    })
    const accessList = [{ address: `0x${to}`, storageKeys: [`0x${'00'.repeat(31)}01`] }] as const
    const listed = await account.signTransaction({ ...base, type: 'eip2930', chainId: 7, accessList })
    expect(decodeTransaction(listed.slice(2))).toMatchObject({
      type: 1,
      chainId: 7,
      from: addressOf(key),
      accessList: [{ address: to, storageKeys: [`${'00'.repeat(31)}01`] }],
    })
  })

  test('the mirrored signature of another hash for the same payment is refused (EIP-2)', () => {
    const { raw } = signTransaction(
      { chainId: 1, nonce: 0, gas: 1n, to, value: 0n, data: '', maxFeePerGas: 1n, maxPriorityFeePerGas: 0n },
      key,
    )
    const { s, yParity } = decodeTransaction(raw)
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const fields = fromRlp(`0x${raw.slice(2)}`) as Hex[]
    const mirrored = toRlp([
      ...fields.slice(0, 9),
      yParity === 0 ? '0x01' : '0x',
      fields[10] ?? '0x',
      `0x${(order - s).toString(16).padStart(64, '0')}`,
    ])
    expect(() => decodeTransaction(`02${mirrored.slice(2)}`)).toThrow('not a transaction')
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
