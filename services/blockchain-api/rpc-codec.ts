import { isFault } from '#common/process/fault'
import { type JsonBounds, parseJson } from '#common/stream/bounded-json'
import { RpcError, rpcCodes } from './rpc-error.ts'

/** JSON-RPC 2.0 envelopes (https://www.jsonrpc.org/specification); nothing here knows a method. */
export type RpcId = string | number | null
export type RpcCall = { readonly id: RpcId | undefined; readonly method: string; readonly params: readonly unknown[] }
export type RpcAnswer = { readonly jsonrpc: '2.0'; readonly id: RpcId } & (
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
)
/** A call, or the answer to what is none. */
export type Read = { readonly call: RpcCall } | { readonly answer: RpcAnswer }

/** Most calls in one batch: what viem, go-ethereum and Hardhat put into one unless told otherwise. */
export const BATCH_LIMIT = 1000

/** What a batch of that many fits into: a log filter is the deepest of what stands in a call. */
const BODY_BOUNDS: JsonBounds = { depth: 10, parts: 50_000 }

const VERSION = '2.0'

export const success = (id: RpcId, result: unknown): RpcAnswer => ({ jsonrpc: VERSION, id, result })

export const failure = (id: RpcId, { error, message, data }: RpcError): RpcAnswer => ({
  jsonrpc: VERSION,
  id,
  error: { code: rpcCodes[error], message, ...(data === undefined ? {} : { data }) },
})

const isId = (value: unknown): value is RpcId =>
  value === null || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))

const fields = new Set(['jsonrpc', 'id', 'method', 'params'])

const refused = (id: RpcId, detail: string): Read => ({
  answer: failure(id, new RpcError('invalid-request', `invalid request: ${detail}`)),
})

const readCall = (value: unknown): Read => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refused(null, 'a call is an object')
  const { jsonrpc, id, method, params = [] } = value as Readonly<Record<string, unknown>>
  const known = isId(id) ? id : null
  if (jsonrpc !== VERSION) return refused(known, 'jsonrpc must be "2.0"')
  if (id !== undefined && !isId(id)) return refused(null, 'id must be a string, a number or null')
  if (typeof method !== 'string') return refused(known, 'method must be a string')
  if (Object.keys(value).some((key) => !fields.has(key))) return refused(known, 'unknown member')
  if (typeof params !== 'object' || params === null) return refused(known, 'params must be an array')
  if (!Array.isArray(params)) {
    const error = new RpcError('invalid-params', 'params by name are not supported: pass an array')
    return { answer: failure(known, error) }
  }
  return { call: { id: id as RpcId | undefined, method, params } }
}

const unreadable = (cause: unknown): Read => {
  const error = isFault(cause, 'json-bounds')
    ? new RpcError('invalid-request', `invalid request: ${cause.message}`)
    : new RpcError('parse-error', 'parse error: the body is not JSON')
  return { answer: failure(null, error) }
}

/** Reads a body: one call, or a batch of 1 to 1000. What is no call comes back as the answer it gets. */
export const readBody = (source: string | Uint8Array): { readonly batch: boolean; readonly reads: readonly Read[] } => {
  let body: unknown
  try {
    body = parseJson(source, BODY_BOUNDS)
  } catch (cause) {
    return { batch: false, reads: [unreadable(cause)] }
  }
  if (!Array.isArray(body)) return { batch: false, reads: [readCall(body)] }
  if (body.length === 0) return { batch: false, reads: [refused(null, 'an empty batch')] }
  if (body.length > BATCH_LIMIT)
    return { batch: false, reads: [refused(null, `a batch has at most ${BATCH_LIMIT} calls`)] }
  return { batch: true, reads: body.map(readCall) }
}
