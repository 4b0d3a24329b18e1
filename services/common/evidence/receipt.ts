import { decodeRlp, type RlpBounds, type RlpItem, rlpBytes, rlpList } from '../ethereum/rlp.ts'

/** A log of a receipt; hex without prefix. */
export type ReceiptLog = { readonly address: string; readonly topics: readonly string[]; readonly data: string }
export type DecodedReceipt = { readonly ok: boolean; readonly logs: readonly ReceiptLog[] }

const CODE = 'receipt'
/** The receipt, its logs, a log, the topics of a log. */
const BOUNDS: RlpBounds = { depth: 4, items: 4096 }

const readLog = (item: RlpItem): ReceiptLog => {
  const [address, topics, data] = rlpList(item, CODE, 'a log of the receipt')
  return {
    address: rlpBytes(address, CODE, 'the address of a log', 20).toHex(),
    topics: rlpList(topics, CODE, 'the topics of a log').map((topic) => rlpBytes(topic, CODE, 'a topic', 32).toHex()),
    data: rlpBytes(data, CODE, 'the data of a log').toHex(),
  }
}

/** A receipt as the receipts trie holds it (EIP-2718: a type byte before 1 to 4). Throws Fault `receipt`. */
export const decodeReceipt = (bytes: Uint8Array): DecodedReceipt => {
  const [first = 0] = bytes
  const body = first >= 1 && first <= 4 ? bytes.subarray(1) : bytes
  const [status, , , logs] = rlpList(decodeRlp(body, BOUNDS, CODE, 'the receipt'), CODE, 'the receipt')
  return {
    ok: rlpBytes(status, CODE, 'the status of the receipt').toHex() === '01',
    logs: rlpList(logs, CODE, 'the logs of the receipt').map(readLog),
  }
}
