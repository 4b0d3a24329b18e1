import { readAddress, readHash } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { LogEntry } from './upstream.ts'

/** What eth_getLogs selects by. A topic position without values matches anything. */
export type LogFilter = {
  readonly addresses: ReadonlySet<string> | undefined
  readonly topics: readonly (ReadonlySet<string> | undefined)[]
}

/** Addresses of a filter, and alternatives of one topic: as go-ethereum has it. */
const MAX_ALTERNATIVES = 1000
const MAX_TOPICS = 4

const readSet = (
  value: unknown,
  name: string,
  read: (one: unknown, name: string) => string,
): ReadonlySet<string> | undefined => {
  if (value === undefined || value === null) return undefined
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length > MAX_ALTERNATIVES) throw new RpcError('invalid-params', `${name}: at most ${MAX_ALTERNATIVES}`)
  return new Set(list.map((one) => read(one, name)))
}

/** Reads `address` and `topics` of a filter object. Throws RpcError `invalid-params`. */
export const readFilter = (filter: Readonly<Record<string, unknown>>): LogFilter => {
  const { address, topics = [] } = filter
  const addresses = readSet(address, 'address', readAddress)
  if (topics !== null && (!Array.isArray(topics) || topics.length > MAX_TOPICS))
    throw new RpcError('invalid-params', 'topics: expected an array of at most 4')
  return { addresses, topics: (topics ?? []).map((topic: unknown) => readSet(topic, 'topic', readHash)) }
}

/** True if the log is one that the filter selects: addresses are alternatives, topics go by position. */
export const matches = ({ addresses, topics }: LogFilter, log: LogEntry): boolean =>
  (addresses === undefined || addresses.size === 0 || addresses.has(log.address)) &&
  topics.every((wanted, i) => !wanted?.size || wanted.has(log.topics[i] ?? '')) &&
  log.topics.length >= topics.length
