import type { StreamGap } from '#common/http/session-model'
import type { Opening } from '#common/http/session-view'
import { Fault, isFault } from '#common/process/fault'
import type { StreamPosition } from './delivery.ts'
import { OTHER_RELEASE } from './delivery.ts'
import type { Recording } from './model.ts'
import type { RecordingDoc } from './store.ts'

/** A recording of which no byte has come. Times epoch ms. */
export const newRecording = (id: string, { owner }: Opening, now: number): RecordingDoc => ({
  id,
  state: 'recording',
  owner,
  acknowledged: 0,
  chunks: 0,
  complete: false,
  started_at: now,
  touched_at: now,
})

/** Its source gave bytes until `now`, and said itself that it pauses, or was lost. */
export const touchRecording = (
  { paused: _, ...doc }: RecordingDoc,
  { now, isPaused }: { readonly now: number; readonly isPaused: boolean },
): RecordingDoc => ({ ...doc, touched_at: now, ...(isPaused && { paused: true }) })

/** More are no recording, and would not fit a manifest. */
const MAX_GAPS = 1_000

/** Recorded time is missing before `gap.offset`: what came after it before is gone. Throws Fault `too-many-gaps`. */
export const addGap = (doc: RecordingDoc, gap: StreamGap): RecordingDoc => {
  const before = (doc.gaps ?? []).filter(({ offset }) => offset < gap.offset)
  if (before.length < MAX_GAPS) return { ...doc, gaps: [...before, gap] }
  throw new Fault(
    'conflict',
    'too-many-gaps',
    `the source of this recording was away ${MAX_GAPS} times; stop it and start a new one`,
  )
}

/** Nothing more comes; the orchestrator is still to hear of it. `reason` = why it broke off. */
export const endRecording = (
  doc: RecordingDoc,
  { complete, acknowledged, chunk_count }: StreamPosition,
  { endedAt, reason }: { readonly endedAt: number; readonly reason?: string },
): RecordingDoc => ({
  ...doc,
  state: 'ending',
  complete,
  acknowledged,
  chunks: chunk_count,
  ended_at: endedAt,
  ...(reason === undefined ? {} : { reason }),
})

/** What the orchestrator is told of an ending recording. */
export const describeEnd = ({ complete, acknowledged, ended_at, gaps, reason }: RecordingDoc) => ({
  complete,
  total_plain: acknowledged,
  ...(ended_at === undefined ? {} : { ended_at }),
  ...(gaps === undefined ? {} : { gaps: [...gaps] }),
  ...(reason === undefined ? {} : { reason }),
})

/** An ending recording after the orchestrator was told, `error` = what came of it: the same, ended or failed. */
export const afterHandOver = (doc: RecordingDoc, error: unknown): RecordingDoc => {
  if (error === undefined || isFault(error, 'already-finalized')) return { ...doc, state: 'ended' }
  if (!(error instanceof Fault) || error.kind === 'unavailable' || error.code === OTHER_RELEASE) return doc
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
