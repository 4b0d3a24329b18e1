import { readAddress, readHash } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { LogEntry } from './upstream.ts'

/** What eth_getLogs selects by. A topic position without values matches anything. */
export type LogFilter = {
  readonly addresses: readonly string[] | undefined
  readonly topics: readonly (readonly string[] | undefined)[]
}

const MAX_ADDRESSES = 1000
const MAX_TOPICS = 4

const listOf = <T>(value: unknown, read: (one: unknown) => T): readonly T[] | undefined => {
  if (value === undefined || value === null) return undefined
  return Array.isArray(value) ? value.map(read) : [read(value)]
}

/** Reads `address` and `topics` of a filter object. Throws RpcError `invalid-params`. */
export const readFilter = (filter: Readonly<Record<string, unknown>>): LogFilter => {
  const { address, topics = [] } = filter
  const addresses = listOf(address, (one) => readAddress(one, 'address'))
  if (addresses && addresses.length > MAX_ADDRESSES)
    throw new RpcError('invalid-params', `address: at most ${MAX_ADDRESSES}`)
  if (topics !== null && (!Array.isArray(topics) || topics.length > MAX_TOPICS))
    throw new RpcError('invalid-params', 'topics: expected an array of at most 4')
  return {
    addresses,
    topics: (topics ?? []).map((topic: unknown) => listOf(topic, (one) => readHash(one, 'topic'))),
  }
}

/** True if the log is one that the filter selects: addresses are alternatives, topics go by position. */
export const matches = ({ addresses, topics }: LogFilter, log: LogEntry): boolean =>
  (addresses === undefined || addresses.length === 0 || addresses.includes(log.address)) &&
  topics.every((wanted, i) => !wanted?.length || wanted.includes(log.topics[i] ?? '')) &&
  log.topics.length >= topics.length
