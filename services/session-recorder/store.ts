import type { StreamGap } from '#common/http/session-model'
import { Fault } from '#common/process/fault'
import type { StoreSchema } from '#common/store/schema'
import type { Collection, Declaration, Store, Stored } from '#common/store/store'
import type { Recording } from './model.ts'

/** A recording as it survives a restart; the bytes on their way do not. */
export type RecordingDoc = Readonly<Omit<Recording, 'received'>> & {
  /** When the source last gave bytes, epoch ms. */
  readonly touched_at: number
  /** It ended its last body cleanly: more may follow. */
  readonly paused?: true
  /** When its source ended it, or was given up, epoch ms. */
  readonly ended_at?: number
  /** Where its source was away in the middle, in the order of the stream. */
  readonly gaps?: readonly StreamGap[]
  readonly reason?: string
}

const recordings: Declaration<RecordingDoc> = {
  name: 'recordings',
  fields: { state: 'text', started_at: 'integer', touched_at: 'integer' },
  indexes: [['state', 'touched_at'], ['started_at']],
}

/** All that session-recorder keeps. */
export const schema: StoreSchema = { collections: [recordings], migrations: [] }

export const recordingTable = (store: Store) => store.collection(recordings)

/** Throws Fault `no-such-recording`. */
export const findRecording = async (table: Collection<RecordingDoc>, id: string): Promise<Stored<RecordingDoc>> => {
  const doc = await table.get(id)
  if (doc === undefined) throw new Fault('missing', 'no-such-recording', 'there is no recording of this id')
  return doc
}

/** Performs a transition of a recording in one transaction. */
export const changeRecording = (
  store: Store,
  id: string,
  transition: (doc: RecordingDoc) => RecordingDoc,
): Promise<RecordingDoc> =>
  store.transaction(async (tx) => {
    const table = recordingTable(tx)
    const { rev, ...doc } = await findRecording(table, id)
    return table.replace(transition(doc), rev)
  })
