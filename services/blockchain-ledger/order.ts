import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { SealedBlock } from '#common/evidence/anchor'
import { Fault } from '#common/process/fault'
import { errorFields, type Log } from '#common/process/log'
import type { Ledger } from './ledger.ts'
import type { OwnFolder } from './own-folder.ts'

/** What `bun run recover chain` lays into the ledger's own folder: who may write there holds the chain anyway. */
const NAME = 'recover.json'
const Order = Type.Object(
  {
    /** Blocks that the ledger sealed, out of bundles. */
    sealed: Type.Array(SealedBlock),
    /** Go on from this head without the younger blocks. */
    go_on: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
)

const parseOrder = (text: string): Static<typeof Order> => {
  const value: unknown = JSON.parse(text)
  if (Value.Check(Order, value)) return value
  throw new Fault('invalid', 'no-order', `${NAME} is not what bun run recover chain writes`)
}

/** Follows the order that lies in the folder, and removes it; true when there was one. What it cannot do it logs. */
export const followOrder = async (
  folder: OwnFolder,
  ledger: Pick<Ledger, 'guard' | 'goOn'>,
  log: Log,
): Promise<boolean> => {
  const text = await folder.read(NAME)
  if (text === undefined) return false
  try {
    const { sealed, go_on } = parseOrder(text)
    for (const block of sealed) await ledger.guard.learn(block, 'recover chain')
    if (go_on !== undefined) await ledger.goOn(go_on)
    log.info('order-followed', { sealed: sealed.length, ...(go_on === undefined ? {} : { go_on }) })
  } catch (error) {
    log.error('order-refused', errorFields(error))
  }
  await folder.remove(NAME)
  return true
}
