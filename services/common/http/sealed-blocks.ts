import { t } from 'elysia'
import { SealedBlock } from '../evidence/anchor.ts'

/** What a reader of the chain answers on GET /sealed: the newest block that it saw under each of the ledger's keys. */
export const SealedBlocks = t.Object({ blocks: t.Array(SealedBlock, { maxItems: 1000 }) })
export type SealedBlocks = typeof SealedBlocks.static
