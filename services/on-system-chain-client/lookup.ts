import type { StoredAnchor } from '#common/evidence/anchors-abi'
import type { Chain, ObservedReceipt } from './chain.ts'
import type { Finding } from './job.ts'

/** What the chain says of a session. `wait`: it holds the session, but not by enough blocks yet. */
export type Outcome = Finding | 'wait' | 'absent'

/** True once `confirmations` blocks, the block itself included, hold it. */
export const isFinal = (block: number, head: number, confirmations: number): boolean =>
  head - block + 1 >= confirmations

/** Questions about single sessions; each asks the chain anew. */
export const lookups = (chain: Pick<Chain, 'sessions' | 'locate'>, confirmations: number) => {
  /** By what the contract holds of the session. */
  const registration = async (session: string, stored: StoredAnchor | undefined, head: number): Promise<Outcome> => {
    if (stored === undefined) return 'absent'
    if (!isFinal(stored.block_number, head, confirmations)) return 'wait'
    const place = await chain.locate(session, stored.block_number)
    return place === undefined ? 'wait' : { type: 'registered', content: stored, place }
  }

  /** By the receipt of our transaction for it. */
  const transaction = async (session: string, receipt: ObservedReceipt, head: number): Promise<Outcome> => {
    const { registered, place, status } = receipt
    if (!isFinal(place.block_number, head, confirmations)) return 'wait'
    if (registered?.session_id === session) return { type: 'registered', content: registered, place }
    const outcome = await registration(session, (await chain.sessions([session]))[0], head)
    if (outcome !== 'absent') return outcome
    const detail =
      status === 0
        ? 'the contract refused the anchor; is the key still the registrar?'
        : 'there is no LucidAnchors contract at its address on this chain'
    return { type: 'reverted', detail }
  }

  return { registration, transaction }
}

export type Lookups = ReturnType<typeof lookups>
