import { plainMessage } from '#common/acceptance/probe-client'
import type { Print } from '#common/cli/text'
import { signer } from '#common/http/identity'
import { faultOf } from '#common/http/problem'
import type { Secret } from '#common/process/env'

const PATIENCE = 30_000
const EX_USAGE = 64

export type AdminCodeEdge = {
  readonly url: string
  readonly identity: () => Promise<Secret>
  readonly request: (url: string, init: BunFetchRequestInit) => Promise<Response>
  readonly out: Print
  readonly err: Print
}

/** Asks authentication as the operator for an admin's code; prints `{ code, expires }` or `{}`. Exits 0, 1 or 64. */
export const runAdminCode = async (words: readonly string[], edge: AdminCodeEdge): Promise<number> => {
  if (words.some((word) => word !== '--recover')) {
    edge.err('server-tools: admin-code takes --recover alone: a code also when there is an admin\n')
    return EX_USAGE
  }
  try {
    const token = await signer({ name: 'operator', key: await edge.identity() })('authentication')
    const reply = await edge.request(`${edge.url}/auth/admin-code`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ recover: words.length > 0 }),
      keepalive: false,
      redirect: 'manual',
      signal: AbortSignal.timeout(PATIENCE),
    })
    const answer: unknown = await reply.json().catch(() => undefined)
    const fault = reply.ok ? undefined : faultOf(reply.status, answer, 'authentication')
    if (fault !== undefined && fault.code !== 'admin-exists') throw fault
    edge.out(`${JSON.stringify(fault === undefined ? answer : {})}\n`)
    return 0
  } catch (error) {
    edge.err(`server-tools: authentication gave no code: ${plainMessage(error)}\n`)
    return 1
  }
}
