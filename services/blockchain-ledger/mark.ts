import { Value } from '@sinclair/typebox/value'
import { SealedBlock } from '#common/evidence/anchor'
import { Fault } from '#common/process/fault'
import type { OwnFolder } from './own-folder.ts'

/** The newest block that left this ledger, kept outside its store so that it does not go back in time with it. */
export type Mark = {
  /** Throws Fault conflict `mark-damaged`. */
  readonly read: () => Promise<SealedBlock | undefined>
  /** Durable when it resolves. Throws Fault unavailable `disk-full`, `disk-error`. */
  readonly write: (sealed: SealedBlock) => Promise<void>
}

const NAME = 'sealed.json'

const parseMark = (text: string): SealedBlock => {
  try {
    const value: unknown = JSON.parse(text)
    if (Value.Check(SealedBlock, value)) return value
  } catch {}
  throw new Fault(
    'conflict',
    'mark-damaged',
    `${NAME} is damaged, so the newest sealed block is not known: nothing is sealed until bun run recover chain decides`,
  )
}

/** The mark as a file of the ledger's own folder. */
export const fileMark = (folder: OwnFolder): Mark => ({
  read: async () => {
    const text = await folder.read(NAME)
    return text === undefined ? undefined : parseMark(text)
  },
  write: (sealed) => folder.replace(NAME, JSON.stringify(sealed)),
})
