import { type SealedBlock, verifySealedBlock } from '#common/evidence/anchor'
import { Fault, isFault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import { type Branch, currentBranch, findBranch, judgeSealed } from './branch.ts'
import type { Mark } from './mark.ts'
import type { Identity } from './opening.ts'

export type GuardParts = {
  readonly identity: Identity
  readonly branches: () => readonly Branch[]
  readonly hashAt: (number: number) => Promise<string | undefined>
  readonly head: () => SealedBlock
  readonly mark: Mark
  readonly log: Log
}

type Younger = { readonly number: number; readonly branch: number }

const youngerFault = (head: number, sealed: number) =>
  new Fault(
    'conflict',
    'younger-block',
    `the store ends at block ${head}, but this ledger sealed block ${sealed}: it seals nothing until bun run recover chain decides`,
  )

/**
 * Sees to it that there are never two blocks of one height under one key: whoever shows a block that this ledger
 * sealed and does not hold stops it. The seal is the proof, so it does not matter who shows it.
 */
export const openGuard = async ({ identity, branches, hashAt, head, mark, log }: GuardParts) => {
  const { chainId, sealing } = identity
  /** Sealed by this ledger and not in its store, by hash. */
  const younger = new Map<string, Younger>()
  let damage: Fault | undefined

  const incident = (what: string, fields: Readonly<Record<string, unknown>>) =>
    log.error('incident', { what, ...fields })

  /** Takes what somebody kept of this chain; what proves nothing is passed over. */
  const learn = async (sealed: SealedBlock, from: string): Promise<void> => {
    const { number, hash } = sealed.block
    if (younger.has(hash)) return
    const branch = findBranch(sealing, branches(), sealed.sealer.public_key)
    if (branch === undefined) return log.warn('foreign-seal', { from, block: number })
    try {
      verifySealedBlock(chainId, sealed)
    } catch (error) {
      if (!isFault(error)) throw error
      return log.warn('no-proof', { from, block: number, detail: error.message })
    }
    if (judgeSealed(sealed, branch, branches(), await hashAt(number)) !== 'younger') return
    younger.set(hash, { number, branch })
    incident('younger-block', { from, block: number, hash })
  }

  const kept = await mark.read().catch((error: unknown) => {
    if (!isFault(error, 'mark-damaged')) throw error
    damage = error
    incident(error.code, {})
    return undefined
  })
  if (kept !== undefined) await learn(kept, 'mark')
  // Behind where the process died between a block and its mark, missing where an older release was here before.
  if (younger.size === 0 && damage === undefined && kept?.block.hash !== head().block.hash) await mark.write(head())

  return {
    learn,
    /** Before a block may be seen by anybody. */
    publish: mark.write,
    /** Throws Fault conflict `younger-block` or `mark-damaged` while a person has to decide. */
    check: (): void => {
      if (damage !== undefined) throw damage
      if (younger.size === 0) return
      throw youngerFault(head().block.number, Math.max(...[...younger.values()].map(({ number }) => number)))
    },
    isClear: (): boolean => damage === undefined && younger.size === 0,
    /** A branch above all whose seals are known. */
    nextBranch: (): number =>
      1 + Math.max(currentBranch(branches()), ...[...younger.values()].map(({ branch }) => branch)),
    /** It was decided to go on without what is missing. */
    settle: async (): Promise<void> => {
      await mark.write(head())
      younger.clear()
      damage = undefined
    },
  }
}
