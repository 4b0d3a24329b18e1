import { failure } from './rpc-codec.ts'
import { RpcError } from './rpc-error.ts'

/** Names that nobody can rebind to another machine: an address, or this machine. */
const FIXED_HOST = /^(?:localhost|[0-9.]+|\[[0-9a-f:.]+\])(?::[0-9]+)?$/

/** True when a page of another site sent it, or one that hides where it is from. */
const isForeign = (headers: Headers): boolean => {
  const origin = headers.get('origin')
  if (origin === null) return false
  const host = headers.get('host') ?? ''
  return origin !== `http://${host}` || !FIXED_HOST.test(host)
}

const refuse = (status: number, message: string) =>
  Response.json(failure(null, new RpcError('invalid-request', message)), { status })

/** A page of another origin can send text/plain without asking: 415, 403 as go-ethereum; undefined when allowed. */
export const refusePage = ({ headers }: Request): Response | undefined => {
  const [type = ''] = (headers.get('content-type') ?? '').split(';')
  if (type.trim().toLowerCase() !== 'application/json')
    return refuse(415, 'invalid content type, only application/json is supported')
  if (isForeign(headers)) return refuse(403, 'invalid origin: pages of other sites may not call this chain')
  return undefined
}
