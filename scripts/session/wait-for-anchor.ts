import { ok } from '#common/http/client'
import { CliError } from '../cli/fail.ts'
import { orUnreachable } from './unreachable.ts'
import type { Clients } from './upload.ts'

const LOOK_EVERY = 25

const readSession = (clients: Clients, id: string) =>
  orUnreachable(() => ok(clients.orchestrator().sessions({ id }).get()))

/** A session that is through, or as far as it came within the time. */
export type Outcome = Pick<
  Awaited<ReturnType<typeof readSession>>,
  'id' | 'state' | 'chunk_count' | 'total_plain' | 'merkle_root' | 'gaps' | 'anchor' | 'error'
>

/** Waits up to `patience` ms, or until the signal, for the anchor of a session. Throws CliError when it failed. */
export const waitForAnchor = async (
  clients: Clients,
  id: string,
  {
    patience,
    onState,
    signal,
  }: { readonly patience: number; readonly onState: (state: string) => void; readonly signal?: AbortSignal },
): Promise<Outcome> => {
  const until = performance.now() + patience
  const isOver = () => performance.now() > until || signal?.aborted === true
  for (;;) {
    const session: Outcome | undefined = await readSession(clients, id).catch((error) => {
      if (isOver()) throw error
      return undefined
    })
    if (session) {
      onState(session.state)
      if (session.state === 'failed') throw new CliError(`the session failed: ${session.error ?? 'unknown'}`)
      if (session.state === 'anchored' || isOver()) return session
    }
    await Bun.sleep(LOOK_EVERY)
  }
}
