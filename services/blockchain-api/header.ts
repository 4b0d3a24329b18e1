import { RLP } from '@ethereumjs/rlp'
import { Fault } from '#common/process/fault'
import { fromHex } from '#common/stream/bytes'

/** The fields of a header that the ledger does not name itself; order of EIP-1559, EIP-4895, EIP-4844. */
export type HeaderFields = {
  readonly sha3Uncles: string
  readonly miner: string
  readonly transactionsRoot: string
  readonly logsBloom: string
  readonly difficulty: bigint
  readonly extraData: string
  readonly mixHash: string
  readonly nonce: string
  readonly withdrawalsRoot?: string
  readonly blobGasUsed?: bigint
  readonly excessBlobGas?: bigint
  readonly parentBeaconBlockRoot?: string
}

const big = (hex: string): bigint => (hex === '' ? 0n : BigInt(`0x${hex}`))

/** Reads a header's RLP. Throws Fault `unavailable` when the ledger's bytes are no header. */
export const readHeader = (headerRlp: string): HeaderFields => {
  const items = RLP.decode(fromHex(headerRlp))
  if (items instanceof Uint8Array || items.length < 15)
    throw new Fault('unavailable', 'header-malformed', 'the ledger answered something that is no block header')
  const at = (index: number): string => {
    const item = items[index]
    return item instanceof Uint8Array ? item.toHex() : ''
  }
  return {
    sha3Uncles: at(1),
    miner: at(2),
    transactionsRoot: at(4),
    logsBloom: at(6),
    difficulty: big(at(7)),
    extraData: at(12),
    mixHash: at(13),
    nonce: at(14),
    ...(items.length > 16 ? { withdrawalsRoot: at(16) } : {}),
    ...(items.length > 18 ? { blobGasUsed: big(at(17)), excessBlobGas: big(at(18)) } : {}),
    ...(items.length > 19 ? { parentBeaconBlockRoot: at(19) } : {}),
  }
}

/** Bytes of a whole block as RLP([header, transactions, uncles, withdrawals?]), from its parts' bytes. */
export const blockSize = (headerRlp: string, raws: readonly string[]): number => {
  const header = RLP.decode(fromHex(headerRlp))
  const transactions = raws.map((raw) => {
    const bytes = fromHex(raw)
    // A legacy transaction is itself a list; a typed one is a byte string (EIP-2718).
    return (bytes[0] ?? 0) >= 0xc0 ? RLP.decode(bytes) : bytes
  })
  const withdrawals = Array.isArray(header) && header.length > 16 ? [[]] : []
  return RLP.encode([header, transactions, [], ...withdrawals]).length
}
