/** For tests: bodies of POST /rpc that cost much more than their sender, each within the limit of a body. */
const MIB = 1024 * 1024

const call = (method: string, params: readonly unknown[], id = 0) => ({ jsonrpc: '2.0', id, method, params })
const single = (method: string, ...params: readonly unknown[]) => JSON.stringify(call(method, params))
const batch = (count: number, method: string, ...params: readonly unknown[]) =>
  JSON.stringify(Array.from({ length: count }, (_, id) => call(method, params, id)))

/** MODEXP of one byte to a power of 130,968 bytes: seconds for 600,000 gas before EIP-7823. */
export const MODEXP = {
  gas: '0x927c0',
  data: '0x60015f52630001ffb860205260016040526003606053608060615360fb6300020019535f5f630002001a5f60055afa50',
}

export const hostileRequests: readonly (readonly [what: string, body: string])[] = [
  ['a mebibyte of brackets', '['.repeat(MIB)],
  ['objects in objects', '{"a":'.repeat(MIB / 5)],
  ['half a million numbers', `[${'0,'.repeat(MIB / 2 - 2)}0]`],
  ['a hundred thousand names', `{${Array.from({ length: 90_000 }, (_, n) => `"${n}":0`).join()}}`],
  ['one long string', JSON.stringify('x'.repeat(MIB - 3))],
  ['fifty thousand parameters', single('eth_call', ...Array.from({ length: 49_000 }, () => 0))],
  ['a raw transaction of lists', single('eth_sendRawTransaction', `0x02${'c0'.repeat(131_000)}`)],
  ['a raw transaction of half a mebibyte', single('eth_sendRawTransaction', `0x02${'c0'.repeat(500_000)}`)],
  [
    'alternatives of a topic',
    single('eth_getLogs', { topics: [Array.from({ length: 14_000 }, () => `0x${'ab'.repeat(32)}`)] }),
  ],
  ['a thousand log queries', batch(1000, 'eth_getLogs', { fromBlock: '0x0' })],
  ['three hundred blocks with transactions', batch(300, 'eth_getBlockByNumber', '0x1', true)],
  ['three hundred fee histories', batch(300, 'eth_feeHistory', '0x400', 'latest', [10, 50])],
  ['six times MODEXP', batch(6, 'eth_call', MODEXP, 'latest')],
]
