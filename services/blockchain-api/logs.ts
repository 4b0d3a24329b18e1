import { readBlockRef, requireBlock } from './block-ref.ts'
import { matches, readFilter } from './filter.ts'
import { RpcError } from './rpc-error.ts'
import type { Block, Receipt, Upstream } from './upstream.ts'
import { logView } from './views.ts'

/** Blocks one query may span, and logs it may answer. */
const MAX_RANGE = 10_000
const MAX_LOGS = 10_000
const PAGE = 100

const numberOf = async (up: Upstream, value: unknown): Promise<number> => {
  const ref = readBlockRef(value)
  return /^[0-9]{1,15}$/.test(ref) ? Number(ref) : (await requireBlock(up, value)).number
}

const rangeOf = async (up: Upstream, filter: Readonly<Record<string, unknown>>) => {
  const { blockHash, fromBlock, toBlock } = filter
  if (blockHash !== undefined) {
    if (fromBlock !== undefined || toBlock !== undefined)
      throw new RpcError('invalid-params', 'blockHash excludes fromBlock and toBlock')
    const { number } = await requireBlock(up, { blockHash })
    return { from: number, to: number }
  }
  const [from, to] = [await numberOf(up, fromBlock), await numberOf(up, toBlock)]
  if (from > to) throw new RpcError('invalid-params', 'fromBlock is after toBlock')
  if (to - from >= MAX_RANGE)
    throw new RpcError('limit-exceeded', `a query spans at most ${MAX_RANGE} blocks; ask in parts`)
  return { from, to }
}

/** Blocks with receipts from `from` to `to` as far as they exist, a page at a time. */
async function* blocksOf(up: Upstream, from: number, to: number) {
  let next = from
  while (next <= to) {
    const { blocks } = await up.blocks(next, Math.min(PAGE, to - next + 1))
    if (blocks.length === 0) return
    for (const block of blocks) yield block as Block & { readonly receipts: readonly Receipt[] }
    next += blocks.length
  }
}

/** eth_getLogs. Throws RpcError `limit-exceeded` rather than answering a part. */
export const findLogs = async (up: Upstream, filter: Readonly<Record<string, unknown>>) => {
  const wanted = readFilter(filter)
  const { from, to } = await rangeOf(up, filter)
  const found: unknown[] = []
  for await (const { receipts } of blocksOf(up, from, to))
    for (const receipt of receipts)
      for (const log of receipt.logs) {
        if (!matches(wanted, log)) continue
        if (found.length === MAX_LOGS)
          throw new RpcError('limit-exceeded', `more than ${MAX_LOGS} logs; narrow the query`)
        found.push(logView(log, receipt))
      }
  return found
}
