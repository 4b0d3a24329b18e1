import { ok } from '#common/http/client'
import type { Clients } from '../../session/upload.ts'
import type { Journal } from './journal.ts'
import { listSessions, reachVerdict, type Verdict, type VerdictContext } from './verdict.ts'

const ASK_EVERY = 200
const final: readonly string[] = ['anchored', 'failed', 'expired', 'voided']

/**
 * Waits until every session has come to its end, and answers them: those that nobody records into any more because the
 * recorder never heard of them excepted. Throws Error naming what hangs after `deadlineMs`.
 */
export const awaitSessionEnds = async (
  clients: Clients,
  recorded: readonly string[],
  deadlineMs: number,
): Promise<Awaited<ReturnType<typeof listSessions>>> => {
  const until = performance.now() + deadlineMs
  for (;;) {
    const { recordings } = await ok(clients.recorder().recordings.get())
    const ids = new Set([...recorded, ...recordings.map(({ id }) => id)])
    const sessions = await listSessions(clients, recorded)
    const open = sessions.filter(({ id, state }) => !final.includes(state) && !(state === 'created' && !ids.has(id)))
    if (open.length === 0) return sessions
    if (performance.now() > until)
      throw new Error(`these sessions do not end: ${open.map(({ id, state }) => `${id} (${state})`).join(', ')}`)
    await Bun.sleep(ASK_EVERY)
  }
}

/** Waits for the end of every session, and reaches the verdict on each with what the journal observed of it. */
export const judgeSessions = async (
  context: VerdictContext,
  journal: Journal,
  deadlineMs: number,
): Promise<readonly Verdict[]> => {
  const bySession = new Map(journal.observations().map((one) => [one.id, one]))
  const sessions = await awaitSessionEnds(context.clients, [...bySession.keys()], deadlineMs)
  const verdicts: Verdict[] = []
  for (const session of sessions) verdicts.push(await reachVerdict(context, session, bySession.get(session.id)))
  return verdicts
}
