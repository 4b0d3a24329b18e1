import { describe, expect, test } from 'bun:test'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { createTxFromRLP } from '@ethereumjs/tx'
import fc from 'fast-check'
import { parseTransaction, serializeTransaction } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { decodeTransaction } from '#common/ethereum/transaction'
import { fromHex } from '#common/stream/bytes'
import { anchorTx, CHAIN_ID, type Over, REGISTRAR_KEY, signed } from '#services/blockchain-vm/fixture'
import { admit, intrinsicGas, MAX_NONCE_GAP, type SenderView } from './admission.ts'
import { nextFree, type Pending } from './pending.ts'
import { pricedOut, select } from './selection.ts'

const rich: SenderView = { nonce: 0, balance: 10n ** 27n, pending: [] }
const terms = { chainId: CHAIN_ID, baseFee: 7n, now: 5 }

const admitted = (raw: string, sender = rich, baseFee = 7n) =>
  admit(raw, decodeTransaction(raw), sender, { ...terms, baseFee })

/** The registrar's nonce 3 with a maximum fee of 10 and a tip of 11 wei: our own signing refuses to make it. */
const TIP_ABOVE_FEE =
  '02f867846c756364030b0a83030d40946c756369642d616e63686f7273000000000000008080c080a0b382858f2c69cf76f0' +
  '4cb7f1de9651d70870719e3e861511d25561ed65abcb1aa004fe79e431df7c27838527536200a1a7214c3e3bc2a444f9217f' +
  'abc92d04ab53'

const codeOf = (work: () => unknown): unknown => {
  try {
    work()
    return 'admitted'
  } catch (error) {
    return (error as { code?: string }).code
  }
}

const pending = (nonce: number, over: Partial<Pending> = {}): Pending => ({
  hash: `${over.sender ?? 'a'}${nonce}`,
  raw: '00'.repeat(100),
  sender: 'a',
  nonce,
  gas: 100_000,
  max_fee: 10n,
  value: 0n,
  received_at: nonce,
  ...over,
})

describe('a transaction is admitted', () => {
  test('when its nonce is next and it is paid for', () => {
    const { raw, hash } = anchorTx(0, 0)
    expect(admitted(raw)).toMatchObject({ hash, nonce: 0, gas: 200_000, max_fee: 10n ** 9n, received_at: 5 })
  })

  test('up to a gap ahead, for parallel senders arrive out of order', () => {
    expect(codeOf(() => admitted(anchorTx(MAX_NONCE_GAP, 0).raw))).toBe('admitted')
    expect(codeOf(() => admitted(anchorTx(MAX_NONCE_GAP + 1, 0).raw))).toBe('nonce-gap')
    const run = { ...rich, pending: Array.from({ length: 300 }, (_, n) => pending(n)) }
    expect(codeOf(() => admitted(anchorTx(300, 0).raw, run))).toBe('admitted')
    expect(codeOf(() => admitted(anchorTx(301 + MAX_NONCE_GAP, 0).raw, run))).toBe('nonce-gap')
  })

  test('only as what it says: each fault has its own code', () => {
    const refused = (over: Over, sender: SenderView = rich) => codeOf(() => admitted(anchorTx(3, 0, over).raw, sender))
    expect(refused({ chainId: 1 })).toBe('wrong-chain')
    expect(refused({ gas: 30_000_001n })).toBe('gas-too-high')
    expect(refused({ gas: 21_000n })).toBe('gas-too-low')
    expect(refused({ maxFeePerGas: 6n })).toBe('fee-too-low')
    expect(codeOf(() => admitted(TIP_ABOVE_FEE))).toBe('fee-malformed')
    expect(refused({ to: undefined, data: '00'.repeat(49_153), gas: 3_000_000n })).toBe('init-code-too-large')
    expect(refused({}, { ...rich, nonce: 4 })).toBe('nonce-too-low')
    expect(refused({}, { ...rich, pending: [pending(3)] })).toBe('nonce-taken')
    expect(refused({}, { ...rich, balance: 200_000n * 10n ** 9n - 1n })).toBe('insufficient-funds')
    expect(refused({ value: 1n }, { ...rich, balance: 200_000n * 10n ** 9n })).toBe('insufficient-funds')
  })

  test('with what waits already counted against its funds', () => {
    const balance = 200_000n * 10n ** 9n + 1_000_000n
    const sender = { nonce: 0, balance, pending: [pending(0)] }
    expect(codeOf(() => admitted(anchorTx(1, 0).raw, sender))).toBe('admitted')
    const more = { ...sender, pending: [pending(0, { value: 1n })] }
    expect(codeOf(() => admitted(anchorTx(1, 0).raw, more))).toBe('insufficient-funds')
  })

  test('never without a chain id: anybody could repeat it elsewhere', async () => {
    const account = privateKeyToAccount(`0x${REGISTRAR_KEY}`)
    const raw = await account.signTransaction({
      type: 'legacy',
      nonce: 0,
      gas: 21_000n,
      gasPrice: 7n,
      to: account.address,
    })
    expect(parseTransaction(raw).chainId).toBeUndefined()
    expect(codeOf(() => admitted(raw.slice(2)))).toBe('wrong-chain')
    expect(serializeTransaction({ type: 'legacy' })).toBeDefined()
  })

  test('with the intrinsic gas that @ethereumjs/tx computes', () => {
    const common = createCustomCommon({ chainId: CHAIN_ID }, Mainnet, { hardfork: Hardfork.Cancun })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (data, creates) => {
        const { raw } = signed(0, { data: data.toHex(), ...(creates ? { to: undefined } : {}), gas: 100_000n })
        const other = createTxFromRLP(fromHex(raw), { common }).getIntrinsicGas()
        expect(BigInt(intrinsicGas(decodeTransaction(raw)))).toBe(other)
      }),
      { numRuns: 30 },
    )
  })
})

describe('a block takes', () => {
  const limits = { baseFee: 7n, gas: 1_000_000, count: 100, bytes: 1_000_000 }
  const zero = () => 0
  const chosen = (pool: readonly Pending[], over = {}, next: (sender: string) => number = zero) =>
    select(pool, next, { ...limits, ...over }).map(({ hash }) => hash)

  test('each sender in nonce order, whatever the order of arrival', () => {
    const pool = [pending(2, { received_at: 1 }), pending(0, { received_at: 9 }), pending(1, { received_at: 5 })]
    expect(chosen(pool)).toEqual(['a0', 'a1', 'a2'])
  })

  test('nothing behind a hole, nothing whose turn has not come', () => {
    expect(chosen([pending(0), pending(2)])).toEqual(['a0'])
    expect(chosen([pending(1)])).toEqual([])
    expect(chosen([pending(1)], {}, () => 1)).toEqual(['a1'])
  })

  test('senders by arrival', () => {
    const pool = [
      pending(0, { received_at: 3 }),
      pending(0, { sender: 'b', received_at: 1 }),
      pending(1, { received_at: 2 }),
    ]
    expect(chosen(pool)).toEqual(['b0', 'a0', 'a1'])
  })

  test('no more than fits by count, gas and bytes', () => {
    const pool = Array.from({ length: 20 }, (_, n) => pending(n))
    expect(chosen(pool, { count: 3 })).toHaveLength(3)
    expect(chosen(pool)).toHaveLength(10)
    expect(chosen(pool, { bytes: 450 })).toHaveLength(4)
  })

  test('who does not offer the base fee waits, with all that follows; if that is everybody, it shows', () => {
    const pool = [pending(0, { max_fee: 7n }), pending(1), pending(0, { sender: 'b' })]
    expect(chosen(pool, { baseFee: 8n })).toEqual(['b0'])
    expect(pricedOut(pool, zero, 8n)).toBe(false)
    expect(pricedOut(pool, zero, 11n)).toBe(true)
    expect(pricedOut([], zero, 11n)).toBe(false)
    expect(pricedOut([pending(4, { max_fee: 1n })], zero, 11n)).toBe(false)
  })

  test('the next free nonce is behind the run that waits', () => {
    expect(nextFree([], 4)).toBe(4)
    expect(nextFree([pending(4), pending(5), pending(7)], 4)).toBe(6)
  })
})
