import type { AuditEntry } from '#common/evidence/audit-event'
import { CODEC, type Gap, type Manifest } from '#common/evidence/manifest'
import type { ChunkRecord } from '#common/http/session-model'
import { Fault } from '#common/process/fault'
import type { SessionDoc } from './store.ts'

/** How far a session is durable at the encryptor. */
export type Durable = {
  readonly chunk_count: number
  readonly total_plain: number
  readonly total_cipher: number
  readonly last: boolean
  readonly last_at?: number
  readonly last_byte_at?: number
}

/** A session that is sealed at the encryptor, with its chunks and the root over their leaves. */
export type SealedRecording = {
  readonly durable: Durable
  readonly records: readonly ChunkRecord[]
  readonly root: string
}

/** Why what is durable cannot be the recording; undefined when it can. */
export const recordingFault = ({ claimed_plain }: SessionDoc, durable: Durable): string | undefined => {
  if (durable.chunk_count === 0) return 'nothing was recorded: no chunk was ever acknowledged'
  // More than was acknowledged may be durable, when a reply was lost on its way; less may never be.
  if (claimed_plain !== undefined && claimed_plain > durable.total_plain)
    return `${claimed_plain} bytes were acknowledged, ${durable.total_plain} are durable`
  return undefined
}

/** Throws Fault `records-incomplete` unless there is one record for each chunk, in order. */
export const checkRecords = (records: readonly ChunkRecord[], count: number): void => {
  if (records.length === count && records.every(({ index }, at) => index === at)) return
  throw new Fault('unavailable', 'records-incomplete', `the encryptor gave ${records.length} of ${count} chunk records`)
}

/** The gap at the end of a session that broke off; none when its last chunk carries the last flag. */
const endGap = (doc: SessionDoc, durable: Durable): readonly Gap[] => {
  if (durable.last) return []
  const from = durable.last_byte_at ?? durable.last_at ?? doc.started_at
  const to = doc.ended_at ?? doc.started_at
  return [{ at: durable.chunk_count, from, to, reason: doc.end_reason ?? 'the recording broke off' }]
}

/** Gaps in the middle, by the chunk that holds the first byte after them. One behind all that is durable is the end's. */
const middleGaps = ({ stream_gaps = [], chunk_size }: SessionDoc, { total_plain }: Durable): readonly Gap[] =>
  stream_gaps
    .filter(({ offset }) => offset < total_plain)
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, ...gap }) => ({ at: Math.floor(offset / chunk_size), ...gap }))

/** Where recorded time is missing (SPEC section 4), in order, disjoint, inside the session whatever the clock did. */
export const findGaps = (doc: SessionDoc, durable: Durable): readonly Gap[] => {
  const end = doc.ended_at ?? doc.started_at
  let free = doc.started_at
  return [...doc.gaps, ...middleGaps(doc, durable), ...endGap(doc, durable)].map(({ from, to, ...gap }) => {
    const start = Math.min(Math.max(from, free), end)
    free = Math.min(Math.max(to, start), end)
    return { ...gap, from: start, to: free }
  })
}

/** Chunks whose times stand in one event. */
const TIMES_TOGETHER = 128

/** What the audit chain says of the sealed recording: when each chunk was acknowledged, and where time is missing. */
export const sealedEntries = (doc: SessionDoc, { durable, records }: SealedRecording): readonly AuditEntry[] => [
  ...Array.from({ length: Math.ceil(records.length / TIMES_TOGETHER) }, (_, batch) => {
    const from = batch * TIMES_TOGETHER
    return {
      type: 'chunk-times',
      body: { from, times: records.slice(from, from + TIMES_TOGETHER).map(({ at }) => at) },
    } as const
  }),
  ...findGaps(doc, durable).map((gap) => ({ type: 'gap', body: { ...gap } }) as const),
]

/** The event whose hash is the manifest's audit_root. */
export const sealEntry = ({ durable, root }: SealedRecording): AuditEntry => ({
  type: 'sealed',
  body: { chunk_count: durable.chunk_count, merkle_root: root, total_plain: durable.total_plain },
})

/** The manifest of a finished session (SPEC section 4). */
export const buildManifest = (
  doc: SessionDoc,
  { durable, records, root }: SealedRecording,
  { auditRoot, level }: { readonly auditRoot: string; readonly level: number },
): Manifest => ({
  v: 1,
  session_id: doc.id,
  session_public_key: doc.public_key,
  owner: doc.owner,
  started_at: doc.started_at,
  ended_at: doc.ended_at ?? doc.started_at,
  participants: [...doc.participants],
  observers: [...doc.observers],
  codec: { ...CODEC, level },
  chunk_size: doc.chunk_size,
  chunk_count: durable.chunk_count,
  total_plain: durable.total_plain,
  total_cipher: durable.total_cipher,
  chunks: records.map(({ index, plain, comp, cipher, leaf, sha256, nonce }) => ({
    i: index,
    plain,
    comp,
    cipher,
    leaf,
    sha256,
    nonce,
  })),
  merkle_root: root,
  audit_root: auditRoot,
  gaps: [...findGaps(doc, durable)],
  policy_hash: doc.policy?.hash ?? null,
  recorder_version: doc.recorder_version,
  device_fingerprint: doc.device_fingerprint,
})

/** The session once its manifest is signed. */
export const withManifest = (
  doc: SessionDoc,
  { durable, root }: SealedRecording,
  manifestHash: string,
): SessionDoc => ({
  ...doc,
  state: 'anchoring',
  pipeline: 'anchoring',
  gaps: [...findGaps(doc, durable)],
  complete: durable.last,
  chunk_count: durable.chunk_count,
  total_plain: durable.total_plain,
  merkle_root: root,
  manifest_hash: manifestHash,
})
