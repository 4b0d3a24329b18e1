import { ok } from '#common/http/client'
import type { Clients } from '../../session/upload.ts'
import { sessionsOf } from './judge.ts'

const LOOK_EVERY = 200
const over: readonly string[] = ['anchored', 'failed', 'expired', 'voided']

/**
 * Waits until every session has come to its end, and answers them: those that nobody records into any more because the
 * recorder never heard of them excepted. Throws Error naming what hangs after `deadlineMs`.
 */
export const settled = async (
  clients: Clients,
  seen: readonly string[],
  deadlineMs: number,
): Promise<Awaited<ReturnType<typeof sessionsOf>>> => {
  const until = performance.now() + deadlineMs
  for (;;) {
    const { recordings } = await ok(clients.recorder().recordings.get())
    const known = new Set([...seen, ...recordings.map(({ id }) => id)])
    const sessions = await sessionsOf(clients, seen)
    const open = sessions.filter(
      ({ id, state }) => !over.includes(state) && !(state === 'created' && !known.has(id)),
    )
    if (open.length === 0) return sessions
    if (performance.now() > until)
      throw new Error(
        `these sessions do not end: ${open.map(({ id, state }) => `${id} (${state})`).join(', ')}`,
      )
    await Bun.sleep(LOOK_EVERY)
  }
}
