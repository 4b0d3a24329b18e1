import { ok } from '#common/http/client'
import { CliError } from '../cli/fail.ts'
import { orUnreachable } from './unreachable.ts'
import type { Clients } from './upload.ts'

/** A session that is through, or as far as it came within the time. */
export type Outcome = {
  readonly id: string
  readonly state: string
  readonly chunk_count?: number
  readonly total_plain?: number
  readonly merkle_root?: string
  readonly anchor?: {
    readonly tx_hash: string
    readonly block: { readonly number: number; readonly hash: string }
  }
  readonly error?: string
}

const LOOK_EVERY = 25

/** Waits up to `patience` ms until the session is anchored. Throws CliError when it failed. */
export const waitForAnchor = async (
  clients: Clients,
  id: string,
  { patience, onState }: { readonly patience: number; readonly onState: (state: string) => void },
): Promise<Outcome> => {
  const until = performance.now() + patience
  for (;;) {
    const session: Outcome | undefined = await orUnreachable(() =>
      ok(clients.orchestrator().sessions({ id }).get()),
    ).catch((error) => {
      if (performance.now() > until) throw error
      return undefined
    })
    if (session) {
      onState(session.state)
      if (session.state === 'failed') throw new CliError(`the session failed: ${session.error ?? 'unknown'}`)
      if (session.state === 'anchored' || performance.now() > until) return session
    }
    await Bun.sleep(LOOK_EVERY)
  }
}
