import { Fault } from '#common/process/fault'
import type { ErasureDoc, Tables } from './store.ts'

/** States of a session whose content may be asked to be destroyed: nothing of it is written any more. */
const ENDED = ['anchoring', 'anchored', 'voided', 'failed', 'expired']

export type Erasures = {
  readonly find: (ids: readonly string[]) => Promise<ReadonlyMap<string, ErasureDoc>>
  /** From now on its content waits for its destruction; the same again changes nothing. Throws Fault `still-recorded`. */
  readonly ask: (session: { readonly id: string; readonly state: string }, by: string) => Promise<ErasureDoc>
  /** Takes it back. Throws Fault conflict `erased`, `not-erasing`. */
  readonly undo: (id: string) => Promise<void>
  /** Destroys what is due; answers how much. Throws what `destroy` throws; what is left is due the next time. */
  readonly sweep: () => Promise<number>
}

/** Contents that wait for their destruction. `destroy` may be asked twice for the same one. */
export const erasures = ({
  table,
  now,
  wait,
  destroy,
}: {
  readonly table: Tables['erasures']
  readonly now: () => number
  readonly wait: number
  readonly destroy: (doc: ErasureDoc) => Promise<unknown>
}): Erasures => ({
  find: async (ids) => {
    const docs = ids.length === 0 ? [] : await table.find({ where: { id: { in: ids } } })
    return new Map(docs.map((doc) => [doc.id, doc]))
  },
  ask: async ({ id, state }, by) => {
    if (!ENDED.includes(state)) throw new Fault('conflict', 'still-recorded', `this session is ${state}: end it first`)
    const known = await table.get(id)
    return known ?? table.insert({ id, state: 'waiting', by, asked_at: now(), due: now() + wait })
  },
  undo: async (id) => {
    const doc = await table.get(id)
    if (doc === undefined) throw new Fault('conflict', 'not-erasing', 'nobody asked for this session to be erased')
    if (doc.state === 'erased' || doc.due <= now())
      throw new Fault('conflict', 'erased', 'its content is destroyed: the proof is all that there is')
    await table.remove(id, doc.rev)
  },
  sweep: async () => {
    const due = await table.find({ where: { state: 'waiting', due: { lte: now() } }, limit: 100 })
    for (const { rev, ...doc } of due) {
      await destroy(doc)
      await table.replace({ ...doc, state: 'erased' }, rev)
    }
    return due.length
  },
})
