import type { SealedBlock } from '../evidence/anchor.ts'
import type { Declaration, Store } from './store.ts'

/** The newest block that was seen under one seal, id = public key of the sealer. */
type SealedDoc = SealedBlock & { readonly id: string }

/** What a service that reads the chain remembers of it, so that a ledger put back to older data hears of its own younger blocks. */
export const sealedBlocks: Declaration<SealedDoc> = { name: 'sealed_blocks', fields: {} }

/** Remembers a block when it is the newest under its seal. */
export const keepSealed = (store: Store, { block, sealer }: SealedBlock): Promise<void> =>
  store.transaction(async (tx) => {
    const all = tx.collection(sealedBlocks)
    const before = await all.get(sealer.public_key)
    const doc = { id: sealer.public_key, block, sealer }
    if (before === undefined) await all.insert(doc)
    else if (before.block.number < block.number) await all.replace(doc, before.rev)
  })

/** The newest block under each seal. */
export const listSealed = async (store: Store): Promise<readonly SealedBlock[]> =>
  (await store.collection(sealedBlocks).find()).map(({ block, sealer }) => ({ block, sealer }))
