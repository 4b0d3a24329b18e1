import { describe, expect, test } from 'bun:test'
import { createBlockHeaderFromRLP } from '@ethereumjs/block'
import { createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import { bytesToHex } from '@ethereumjs/util'
import fc from 'fast-check'
import { fromHex, toHex } from '#common/stream/bytes'
import { nextBaseFee } from './base-fee.ts'
import { genesisHeader } from './genesis.ts'
import { encodeHeader, type Header, hashHeader } from './header.ts'
import { checkSeal, sealing } from './seal.ts'

const common = createCustomCommon({ chainId: 1_819_632_484 }, Mainnet, { hardfork: Hardfork.Cancun })
const read = (encoded: Uint8Array) => createBlockHeaderFromRLP(encoded, { common, skipConsensusFormatValidation: true })
const hex = (bytes: number) => fc.uint8Array({ minLength: bytes, maxLength: bytes }).map(toHex)

const headers: fc.Arbitrary<Header> = fc.record({
  chain_id: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  number: fc.integer({ min: 0, max: 2 ** 32 }),
  parent_hash: hex(32),
  timestamp: fc.integer({ min: 0, max: 2 ** 40 }),
  state_root: hex(32),
  transactions_root: hex(32),
  receipts_root: hex(32),
  logs_bloom: hex(256),
  gas_limit: fc.constant(30_000_000),
  gas_used: fc.integer({ min: 0, max: 30_000_000 }),
  base_fee: fc.bigInt({ min: 7n, max: 2n ** 80n }).map(String),
})

describe('a block header', () => {
  test('is read by @ethereumjs/block as written, and hashes to the same block hash', () => {
    fc.assert(
      fc.property(headers, (header) => {
        const encoded = encodeHeader(header)
        const other = read(encoded)
        expect(bytesToHex(other.hash())).toBe(`0x${hashHeader(encoded)}`)
        expect(toHex(other.serialize())).toBe(toHex(encoded))
        expect({
          number: Number(other.number),
          parent_hash: toHex(other.parentHash),
          timestamp: Number(other.timestamp),
          state_root: toHex(other.stateRoot),
          transactions_root: toHex(other.transactionsTrie),
          receipts_root: toHex(other.receiptTrie),
          gas_used: Number(other.gasUsed),
          base_fee: String(other.baseFeePerGas),
        }).toEqual({
          number: header.number,
          parent_hash: header.parent_hash,
          timestamp: header.timestamp,
          state_root: header.state_root,
          transactions_root: header.transactions_root,
          receipts_root: header.receipts_root,
          gas_used: header.gas_used,
          base_fee: header.base_fee,
        })
      }),
    )
  })

  test('says its chain id in the extra data', () => {
    const { extraData } = read(encodeHeader(genesisHeader(1_819_632_484, '00'.repeat(32))))
    expect(toHex(extraData)).toBe('6c75636964000000006c756364')
  })

  test('of block 0 depends on chain id and state only', () => {
    const hashOf = (chainId: number, root: string) => hashHeader(encodeHeader(genesisHeader(chainId, root)))
    expect(hashOf(7, 'aa'.repeat(32))).toBe(hashOf(7, 'aa'.repeat(32)))
    expect(hashOf(7, 'aa'.repeat(32))).not.toBe(hashOf(8, 'aa'.repeat(32)))
    expect(hashOf(7, 'aa'.repeat(32))).not.toBe(hashOf(7, 'bb'.repeat(32)))
  })
})

describe('the base fee', () => {
  test('is that of @ethereumjs/block for the next block', () => {
    fc.assert(
      fc.property(headers, (header) => {
        expect(nextBaseFee(header)).toBe(read(encodeHeader(header)).calcNextBaseFee())
      }),
    )
  })

  test('falls back to 7 wei in empty blocks, whatever it rose to', () => {
    let fee = 10n ** 9n
    for (let block = 0; block < 400; block++)
      fee = nextBaseFee({ base_fee: String(fee), gas_used: 0, gas_limit: 30_000_000 })
    expect(fee).toBe(7n)
  })
})

describe('a seal', () => {
  const { seal, public_key } = sealing('33'.repeat(32))
  const hash = 'ab'.repeat(32)

  test('is Ed25519 over the 32 bytes of the block hash (pinned)', () => {
    expect(public_key).toBe('17cb79fb2b4120f2b1ec65e4198d6e08b28e813feb01e4a400839b85e18080ce')
    expect(checkSeal(hash, seal(hash))).toBe(true)
  })

  test('does not hold for another hash, another key or an altered signature', () => {
    const made = seal(hash)
    expect(checkSeal('ac'.repeat(32), made)).toBe(false)
    expect(checkSeal(hash, { ...made, public_key: sealing('44'.repeat(32)).public_key })).toBe(false)
    const altered = fromHex(made.signature)
    altered[5] = (altered[5] ?? 0) ^ 1
    expect(checkSeal(hash, { ...made, signature: toHex(altered) })).toBe(false)
    expect(checkSeal(hash, { ...made, signature: '00'.repeat(64) })).toBe(false)
  })
})
