import type { Call } from '#common/http/client'
import { Fault } from '#common/process/fault'

/** JSON-RPC 2.0 over HTTP, batches only (https://www.jsonrpc.org/specification). */
export type RpcCall = { readonly method: string; readonly params: readonly unknown[] }
export type RpcReply = { readonly result: unknown } | { readonly error: { readonly message: string } }
export type Rpc = (calls: readonly RpcCall[]) => Promise<readonly RpcReply[]>

const BATCH = 100

const broken = () => new Fault('unavailable', 'rpc-broken', 'the chain answered something that is no JSON-RPC')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

const replyOf = (answer: unknown): RpcReply => {
  if (!isObject(answer)) throw broken()
  if ('result' in answer) return { result: answer['result'] }
  const error = answer['error']
  if (!isObject(error)) throw broken()
  return { error: { message: String(error['message']) } }
}

/** Puts answers back into the order of the calls; a missing, double or foreign id is a broken answer. */
export const inOrder = (count: number, answers: unknown): readonly RpcReply[] => {
  if (!Array.isArray(answers) || answers.length !== count) throw broken()
  const byId = new Map<unknown, unknown>(answers.map((answer) => [isObject(answer) ? answer['id'] : undefined, answer]))
  return Array.from({ length: count }, (_, id) => replyOf(byId.get(id)))
}

/** Sends calls to a node's JSON-RPC path, in order, in batches. Throws Fault `unavailable` when it cannot. */
export const rpcOver =
  (call: Call, path = '/rpc'): Rpc =>
  async (calls) => {
    const replies: RpcReply[] = []
    for (let at = 0; at < calls.length; at += BATCH) {
      const batch = calls.slice(at, at + BATCH)
      const body = JSON.stringify(batch.map((one, id) => ({ jsonrpc: '2.0', id, ...one })))
      const headers = { 'content-type': 'application/json' }
      const response = await call(path, { method: 'POST', headers, body })
      replies.push(...inOrder(batch.length, await response.json().catch(() => undefined)))
    }
    return replies
  }
