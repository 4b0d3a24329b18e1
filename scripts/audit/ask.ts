import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { LogEntry } from '#common/audit/entry'
import { SignedHead } from '#common/audit/head'
import { AuditPage } from '#common/http/audit-routes'
import type { Call } from '#common/http/client'
import { Fault, isFault } from '#common/process/fault'

const page = TypeCompiler.Compile(AuditPage)
const head = TypeCompiler.Compile(SignedHead)

const PAGE = 500

const strange = (service: string) =>
  new Fault(
    'unavailable',
    'strange-answer',
    `${service} does not answer as an audit stream does: bun run logs ${service}`,
  )

/** The signed head of a service's stream; undefined while nothing was done there. */
export const askHead = async (service: string, call: Call): Promise<SignedHead | undefined> => {
  try {
    const answer: unknown = await (await call('/audit/head')).json()
    if (head.Check(answer)) return answer
  } catch (error) {
    if (isFault(error, 'nothing-audited')) return undefined
    throw error
  }
  throw strange(service)
}

/** Pages of a stream, from the entry behind `after` to the newest. */
export async function* askPages(service: string, call: Call, after = -1): AsyncGenerator<AuditPage> {
  for (let at = after; ; ) {
    const query = at < 0 ? '' : `&after=${at}`
    const answer: unknown = await (await call(`/audit?limit=${PAGE}${query}`)).json()
    if (!page.Check(answer)) throw strange(service)
    const last = answer.entries.at(-1)
    if (last === undefined) return
    yield answer
    // A stream that does not go on would be asked for ever.
    if (last.seq <= at || answer.entries.length < PAGE) return
    at = last.seq
  }
}

/** An entry with the service whose stream it is in. */
export type Placed = LogEntry & { readonly service: string }

/** The last entries of a stream. */
export const askTail = async (service: string, call: Call, most: number): Promise<readonly Placed[]> => {
  const newest = await askHead(service, call)
  if (newest === undefined) return []
  const entries: Placed[] = []
  for await (const { entries: found } of askPages(service, call, newest.seq - most))
    entries.push(...found.map((entry) => ({ ...entry, service })))
  return entries.slice(-most)
}
