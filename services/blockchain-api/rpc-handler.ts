import type { Guard } from '#common/http/identity'
import { Fault } from '#common/process/fault'
import { errorFields, type Log } from '#common/process/log'
import { limiter } from '#common/stream/limiter'
import { tokenBuckets } from '#common/stream/token-bucket'
import type { CallerName } from '#services/catalog'
import { performer } from './methods.ts'
import { pacing } from './pacing.ts'
import { refusePage } from './page-request.ts'
import { answerRpc } from './rpc.ts'
import { CLIENT_UNITS, requestSpending } from './spending.ts'
import { type Clients, upstream } from './upstream.ts'

/** Anonymous requests that are worked on at once, and that may wait: each holds a dozen megabytes at most. */
const AT_ONCE = 16
const MAX_WAITING = 128
/** Who may have a transaction sent; reading is for everybody. */
const SENDERS: readonly CallerName[] = ['on-system-chain-client', 'operator']

/** Throws Fault `unauthenticated`, or `forbidden` for a caller that the chain is not written by. */
const requireSender = async (guard: Guard, request: Request): Promise<void> => {
  const { caller } = await guard(request)
  if (!SENDERS.some((sender) => sender === caller))
    throw new Fault('forbidden', 'caller-not-allowed', `only ${SENDERS.join(' and ')} may send transactions`)
}

type HandlerParts = {
  readonly clients: Clients
  readonly parts: { readonly guard: Guard; readonly log: Log }
  readonly version: string
  readonly now: () => number
}

/**
 * Answers POST /rpc. A request that came through the gateway names the client in X-Client, and each call of its
 * batches counts. A caller with a service token neither counts nor waits behind those without, here or at the virtual machine. Throws Fault exhausted `rpc-busy`.
 */
export const rpcHandler = ({ clients, parts, version, now }: HandlerParts) => {
  const shared = pacing()
  const slot = limiter(AT_ONCE)
  const buckets = tokenBuckets(CLIENT_UNITS, now)
  let held = 0

  const isService = async (request: Request): Promise<boolean> =>
    request.headers.has('authorization') &&
    parts.guard(request).then(
      () => true,
      () => false,
    )

  const answer = async (request: Request, asker: { client?: string; urgent?: boolean }): Promise<Response> => {
    const spending = requestSpending(buckets, asker.client)
    const up = upstream(clients, { spending, pacing: shared, signal: request.signal, urgent: asker.urgent ?? false })
    const perform = performer({ up, authorise: () => requireSender(parts.guard, request), version })
    const unexpected = (error: unknown) => parts.log.error('rpc-unexpected', errorFields(error))
    const text = await answerRpc(await request.bytes(), { perform, unexpected, signal: request.signal })
    return text === undefined
      ? new Response(null, { status: 204 })
      : new Response(text, { headers: { 'content-type': 'application/json' } })
  }

  return async (request: Request): Promise<Response> => {
    const refused = refusePage(request)
    if (refused) return refused
    if (await isService(request)) return answer(request, { urgent: true })
    if (held >= AT_ONCE + MAX_WAITING)
      throw new Fault('exhausted', 'rpc-busy', 'too many requests at once; try again in some seconds', {
        retryAfter: 2000,
      })
    held += 1
    try {
      const client = request.headers.get('x-client')
      return await slot(() => answer(request, client === null ? {} : { client }))
    } finally {
      held -= 1
    }
  }
}
