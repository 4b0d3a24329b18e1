import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'
import type { RecordingState } from './model.ts'

/** A recording as it survives a restart; the bytes on their way do not. */
export type RecordingDoc = {
  readonly id: string
  readonly state: RecordingState
  readonly owner: string
  readonly acknowledged: number
  readonly chunks: number
  readonly complete: boolean
  readonly started_at: number
  /** When the source last gave bytes, epoch ms. */
  readonly touched_at: number
  readonly reason?: string
  readonly error?: string
}

const recordings: Declaration<RecordingDoc> = {
  name: 'recordings',
  fields: { state: 'text', started_at: 'integer', touched_at: 'integer' },
  indexes: [['state', 'touched_at'], ['started_at']],
}

/** All that session-recorder keeps. */
export const schema: StoreSchema = { collections: [recordings], migrations: [] }

export const recordingTable = (store: Store) => store.collection(recordings)
