import { readAddress, readHash } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { LogEntry } from './upstream.ts'

/** What eth_getLogs selects by. A topic position without values matches anything. */
export type LogFilter = {
  readonly addresses: ReadonlySet<string> | undefined
  readonly topics: readonly (ReadonlySet<string> | undefined)[]
}

const MAX_ADDRESSES = 1000
const MAX_TOPICS = 4

const setOf = (value: unknown, read: (one: unknown) => string): ReadonlySet<string> | undefined => {
  if (value === undefined || value === null) return undefined
  return new Set(Array.isArray(value) ? value.map(read) : [read(value)])
}

/** Reads `address` and `topics` of a filter object. Throws RpcError `invalid-params`. */
export const readFilter = (filter: Readonly<Record<string, unknown>>): LogFilter => {
  const { address, topics = [] } = filter
  const addresses = setOf(address, (one) => readAddress(one, 'address'))
  if (Array.isArray(address) && address.length > MAX_ADDRESSES)
    throw new RpcError('invalid-params', `address: at most ${MAX_ADDRESSES}`)
  if (topics !== null && (!Array.isArray(topics) || topics.length > MAX_TOPICS))
    throw new RpcError('invalid-params', 'topics: expected an array of at most 4')
  return {
    addresses,
    topics: (topics ?? []).map((topic: unknown) => setOf(topic, (one) => readHash(one, 'topic'))),
  }
}

/** True if the log is one that the filter selects: addresses are alternatives, topics go by position. */
export const matches = ({ addresses, topics }: LogFilter, log: LogEntry): boolean =>
  (addresses === undefined || addresses.size === 0 || addresses.has(log.address)) &&
  topics.every((wanted, i) => !wanted?.size || wanted.has(log.topics[i] ?? '')) &&
  log.topics.length >= topics.length
