import { readBlockRef, requireBlock } from './block-ref.ts'
import { matches, readFilter } from './filter.ts'
import { RpcError } from './rpc-error.ts'
import type { LogEntry, Receipt, Upstream } from './upstream.ts'
import { logView } from './views.ts'

/** Blocks one query may span, and how many are read at once. */
const MAX_RANGE = 10_000
const PAGE = 100
/** Units of reading them. */
const PAGE_UNITS = 10
/** Characters of the logs that one query may answer, and of a log as JSON beside its data, about. */
const MAX_SIZE = 4 * 1024 * 1024
const LOG_SIZE = 600

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

/** Logs as far as they fit into an answer. Throws RpcError `limit-exceeded` at the first that does not. */
const collector = () => {
  const found: unknown[] = []
  let size = 0
  return {
    found,
    add: (log: LogEntry, receipt: Receipt) => {
      size += LOG_SIZE + log.data.length
      if (size > MAX_SIZE) throw new RpcError('limit-exceeded', `more than ${found.length} logs; narrow the query`)
      found.push(logView(log, receipt))
    },
  }
}

/** eth_getLogs. Throws RpcError `limit-exceeded` rather than answering a part. */
export const findLogs = async (up: Upstream, filter: Readonly<Record<string, unknown>>) => {
  const wanted = readFilter(filter)
  const { from, to } = await rangeOf(up, filter)
  const { found, add } = collector()
  const readPage = async (first: number) => {
    const { blocks } = await up.blocks(first, Math.min(PAGE, to - first + 1))
    for (const { receipts } of blocks)
      for (const receipt of receipts) for (const log of receipt.logs) if (matches(wanted, log)) add(log, receipt)
    return blocks.length
  }
  for (let next = from; next <= to; ) {
    up.spending.begin()
    up.spending.charge(PAGE_UNITS)
    const count = await up.heavy(() => readPage(next))
    if (count === 0) break // the chain ends here
    next += count
  }
  return found
}
