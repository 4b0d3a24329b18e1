import { Fault, isFault } from '#common/process/fault'
import type { StreamPosition } from './delivery.ts'
import type { Recording, Start } from './model.ts'
import type { RecordingDoc } from './store.ts'

/** A recording of which no byte has come. Times epoch ms. */
export const newRecording = (id: string, { owner }: Start, now: number): RecordingDoc => ({
  id,
  state: 'recording',
  owner,
  acknowledged: 0,
  chunks: 0,
  complete: false,
  started_at: now,
  touched_at: now,
})

/** Its source gave bytes until `now`. */
export const touchRecording = (doc: RecordingDoc, now: number): RecordingDoc => ({ ...doc, touched_at: now })

/** Nothing more comes; the orchestrator is still to hear of it. `reason` = why it broke off. */
export const endRecording = (
  doc: RecordingDoc,
  { complete, acknowledged, chunk_count }: StreamPosition,
  reason?: string,
): RecordingDoc => ({
  ...doc,
  state: 'ending',
  complete,
  acknowledged,
  chunks: chunk_count,
  ...(reason === undefined ? {} : { reason }),
})

/** What the orchestrator is told of an ending recording. */
export const describeEnd = ({ complete, acknowledged, reason }: RecordingDoc) => ({
  complete,
  total_plain: acknowledged,
  ...(reason === undefined ? {} : { reason }),
})

/**
 * An ending recording after the orchestrator was told, `error` = what came of it: the same when it has to be told
 * again, ended when it knows (also from an earlier call whose answer was lost), failed when it refuses.
 */
export const afterHandOver = (doc: RecordingDoc, error: unknown): RecordingDoc => {
  if (error === undefined || isFault(error, 'already-finalized')) return { ...doc, state: 'ended' }
  if (!(error instanceof Fault) || error.kind === 'unavailable') return doc
  return { ...doc, state: 'failed', error: error.message }
}

/** Throws Fault `recording-ended` unless the recording takes bytes. */
export const requireRecording = ({ state, acknowledged }: RecordingDoc): void => {
  if (state === 'recording') return
  throw new Fault(
    'conflict',
    'recording-ended',
    `this recording has ${state === 'failed' ? 'failed' : 'ended'}; start a new one`,
    { extra: { state, acknowledged } },
  )
}

/** A recording as callers see it. `fed` = how far the pipeline is, `received` = bytes taken in, where they are known. */
export const describeRecording = (
  { id, state, owner, acknowledged, chunks, complete, started_at, error }: RecordingDoc,
  { fed, received }: { readonly fed?: StreamPosition | undefined; readonly received?: number | undefined },
): Recording => ({
  id,
  state,
  owner,
  received: received ?? fed?.received ?? acknowledged,
  acknowledged: fed?.acknowledged ?? acknowledged,
  chunks: fed?.chunk_count ?? chunks,
  complete: fed?.complete ?? complete,
  started_at,
  ...(error === undefined ? {} : { error }),
})
