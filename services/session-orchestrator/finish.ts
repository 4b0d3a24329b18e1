import { unwrapKey } from '#common/engines/key-wrap'
import type { AuditEntry } from '#common/evidence/audit-event'
import { manifestBytes, manifestHash } from '#common/evidence/manifest'
import { signManifest } from '#common/evidence/signature'
import type { ChunkRecord } from '#common/http/session-model'
import type { State } from '#common/http/session-view'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { fromHex } from '#common/stream/bytes'
import { type AnchorJob, type AnchorRequest, anchorRequest, readAnchorJob } from './anchor.ts'
import {
  buildManifest,
  checkRecords,
  type Durable,
  recordingFault,
  type SealedRecording,
  sealEntry,
  sealedEntries,
  withManifest,
} from './manifest.ts'
import { change, signingKeyFor } from './sessions.ts'
import { checkTransition } from './state.ts'
import {
  appendAudit,
  appendAudits,
  findSession,
  type SessionDoc,
  type Tables,
  tables,
  withoutRevision,
} from './store.ts'
import { anchorSession } from './transitions.ts'

/** The services that a session needs to be finished. */
export type FinishParts = {
  readonly store: Store
  readonly now: () => number
  readonly signingKey: Uint8Array
  readonly level: number
  readonly seal: (session: string) => Promise<Durable>
  readonly records: (session: string) => Promise<readonly ChunkRecord[]>
  readonly build: (session: string, leaves: readonly string[]) => Promise<{ readonly root: string }>
  readonly anchor: (request: AnchorRequest) => Promise<AnchorJob>
}

const update = (
  { store, now }: FinishParts,
  id: string,
  fields: Partial<SessionDoc>,
  event?: AuditEntry,
): Promise<void> =>
  store.transaction(async (tx) => {
    const own = tables(tx)
    const doc = await findSession(own, id)
    if (fields.state !== undefined && fields.state !== doc.state) checkTransition(doc.state, fields.state)
    await own.sessions.replace({ ...withoutRevision(doc), ...fields, touched_at: now() }, doc.rev)
    if (fields.state === 'failed') await own.keys.remove(id)
    if (event !== undefined) await appendAudit(own, id, event, now())
  })

const fail = async (parts: FinishParts, id: string, error: string): Promise<State> => {
  await update(
    parts,
    id,
    { state: 'failed', pipeline: 'failed', error },
    { type: 'failed', body: { reason: error.slice(0, 1000) } },
  )
  return 'failed'
}

/** The last events that the manifest's audit_root is over; answers the very last. A chain of an older release says less. */
const appendSeal = async (own: Tables, doc: SessionDoc, sealed: SealedRecording, at: number) => {
  const [first] = await own.audit.find({ where: { session: doc.id, seq: 0 } })
  if (first?.event === undefined) await appendAudits(own, doc.id, sealedEntries(doc, sealed), at)
  return appendAudit(own, doc.id, sealEntry(sealed), at)
}

const sign = (parts: FinishParts, id: string, sealed: SealedRecording): Promise<void> =>
  parts.store.transaction(async (tx) => {
    const { now, level } = parts
    const own = tables(tx)
    const doc = await own.sessions.get(id)
    const key = await own.keys.get(id)
    if (doc === undefined || doc.state !== 'finalizing') return
    if (key === undefined)
      throw new Fault('unavailable', 'signing-key-gone', "the session's signing key is gone before it signed")
    const { hash: auditRoot } = await appendSeal(own, withoutRevision(doc), sealed, now())
    const bytes = manifestBytes(buildManifest(withoutRevision(doc), sealed, { auditRoot, level }))
    const hash = manifestHash(bytes)
    const seed = unwrapKey(parts.signingKey, signingKeyFor(id), fromHex(key.wrapped))
    const signature = signManifest(hash, seed)
    seed.fill(0)
    await own.manifests.insert({ id, manifest: new TextDecoder().decode(bytes), ...signature })
    await own.keys.remove(id)
    const next = withManifest(withoutRevision(doc), sealed, hash.toHex())
    await own.sessions.replace({ ...next, touched_at: now() }, doc.rev)
  })

const sealStage = async (parts: FinishParts, doc: SessionDoc): Promise<State> => {
  const { id } = doc
  await update(parts, id, { pipeline: 'chunking' })
  const durable = await parts.seal(id)
  const fault = recordingFault(doc, durable)
  if (fault !== undefined) return fail(parts, id, fault)
  await update(parts, id, { pipeline: 'encrypting' })
  const records = await parts.records(id)
  checkRecords(records, durable.chunk_count)
  await update(parts, id, { pipeline: 'merkle_building' })
  const leaves = records.map(({ leaf }) => leaf)
  const { root } = await parts.build(id, leaves)
  await sign(parts, id, { durable, records, root })
  return 'anchoring'
}

const anchorStage = async (parts: FinishParts, doc: SessionDoc): Promise<State> => {
  const request = anchorRequest(doc)
  if (request === undefined) return fail(parts, doc.id, 'an anchoring session without a manifest')
  const { anchor, fault } = readAnchorJob(await parts.anchor(request))
  if (fault !== undefined) return fail(parts, doc.id, fault)
  if (anchor === undefined) return 'anchoring'
  await change(parts, doc.id, (stored) => anchorSession(stored, anchor))
  return 'anchored'
}

/** Nothing more is recorded into a session that is void. */
const closeVoid = async (parts: FinishParts, id: string): Promise<void> => {
  await parts.seal(id)
  await update(parts, id, { still_open: false })
}

/**
 * Takes a session one stage on: `finalizing` becomes `anchoring` when the manifest is signed and kept (and
 * the signing key is gone), `anchoring` becomes `anchored`. Every part may be repeated after a crash.
 * Answers the state it left the session in. Throws the Fault of a service that cannot be reached.
 */
export const finish =
  (parts: FinishParts) =>
  async (id: string): Promise<State> => {
    const doc = withoutRevision(await findSession(tables(parts.store), id))
    if (doc.state === 'finalizing') return sealStage(parts, doc)
    if (doc.state === 'anchoring') return anchorStage(parts, doc)
    if (doc.still_open === true) await closeVoid(parts, id)
    return doc.state
  }
