import { plainMessage } from '#common/acceptance/probe-client'
import type { Print } from '#common/cli/text'
import { signer } from '#common/http/identity'
import type { Secret } from '#common/process/env'

/** Longest wait for an answer, ms. */
const PATIENCE = 30_000
const EX_USAGE = 64

export type AskEdge = {
  /** Where a service answers. */
  readonly urlOf: (service: string) => string
  /** The operator's secret key; rejects when it cannot be read. */
  readonly identity: () => Promise<Secret>
  readonly request: (url: string, init: BunFetchRequestInit) => Promise<Response>
  readonly out: Print
  readonly err: Print
}

/** Asks a service as the operator; what it answers with `body` as JSON, undefined where it is none. */
export const askAsOperator = async (
  service: string,
  path: string,
  { urlOf, identity, request, body }: Pick<AskEdge, 'urlOf' | 'identity' | 'request'> & { readonly body?: object },
): Promise<{ readonly status: number; readonly body: unknown }> => {
  const token = await signer({ name: 'operator', key: await identity() })(service)
  const reply = await request(`${urlOf(service)}${path}`, {
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    keepalive: false,
    redirect: 'manual',
    signal: AbortSignal.timeout(PATIENCE),
  })
  return { status: reply.status, body: await reply.json().catch(() => undefined) }
}

/** `ask SERVICE PATH`: what the service shows the operator, as JSON `{ status, body }`. 0: it answered; 1: it did not; 64: the words are wrong. */
export const runAsk = async (words: readonly string[], edge: AskEdge): Promise<number> => {
  const [service = '', path = ''] = words
  if (words.length !== 2 || !path.startsWith('/')) {
    edge.err('server-tools: ask takes a service and a path\n')
    return EX_USAGE
  }
  try {
    edge.out(`${JSON.stringify(await askAsOperator(service, path, edge))}\n`)
    return 0
  } catch (error) {
    edge.err(`server-tools: ${service} did not answer: ${plainMessage(error)}\n`)
    return 1
  }
}
