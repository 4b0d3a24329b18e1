import type { SealedBlock } from '#common/evidence/anchor'
import type { Sealing } from './seal.ts'

/** A history under its own key: branch 0 is the founding; each later one replaces the earlier from block `from` on. */
export type Branch = { readonly number: number; readonly from: number; readonly public_key: string }

/** Branches that a ledger looks for beyond those it knows: each is a decision of a person. */
const FURTHER = 64

/** All branches: the founding one, and those that were begun later. */
export const listBranches = (founding: string, later: readonly Branch[] = []): readonly Branch[] => [
  { number: 0, from: 0, public_key: founding },
  ...later,
]

/** The number of the branch that blocks are added to. */
export const currentBranch = (branches: readonly Branch[]): number => Math.max(...branches.map(({ number }) => number))

/** The number of the branch that a key seals; undefined for a key that is not this ledger's. */
export const findBranch = (sealing: Sealing, branches: readonly Branch[], publicKey: string): number | undefined => {
  const known = branches.find(({ public_key }) => public_key === publicKey)
  if (known !== undefined) return known.number
  const first = currentBranch(branches) + 1
  return Array.from({ length: FURTHER }, (_, i) => first + i).find(
    (number) => sealing.ofBranch(number).public_key === publicKey,
  )
}

/** `known`: it is in this chain. `given-up`: a later branch began below it. `younger`: it should be here and is not. */
export type Judgement = 'known' | 'given-up' | 'younger'

/** What a block that the ledger sealed in a branch says of its store, which holds `ownHash` at that height. */
export const judgeSealed = (
  { block }: SealedBlock,
  branch: number,
  branches: readonly Branch[],
  ownHash: string | undefined,
): Judgement => {
  if (branch > currentBranch(branches)) return 'younger'
  const end = Math.min(...branches.filter(({ number }) => number > branch).map(({ from }) => from))
  if (block.number >= end) return 'given-up'
  return block.hash === ownHash ? 'known' : 'younger'
}
