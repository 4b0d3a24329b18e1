import { unwrapKey } from '#common/engines/key-wrap'
import { CODEC, type Gap, type Manifest, manifestBytes, manifestHash } from '#common/evidence/manifest'
import { ownerBytes } from '#common/evidence/owner'
import { signManifest } from '#common/evidence/signature'
import type { ChunkRecord } from '#common/http/session-model'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { fromHex } from '#common/stream/bytes'
import type { Step } from './model.ts'
import { plain, signingKeyFor } from './sessions.ts'
import { checkTransition } from './state.ts'
import { appendAudit, type SessionDoc, tables } from './store.ts'

/** How far a session is durable at the encryptor. */
export type Durable = {
  readonly chunk_count: number
  readonly total_plain: number
  readonly total_cipher: number
  readonly last: boolean
  readonly last_at?: number
}

export type AnchorJob = {
  readonly state: 'queued' | 'submitted' | 'anchored' | 'refused'
  readonly tx_hash?: string
  readonly block?: { readonly number: number; readonly hash: string }
  readonly error?: { readonly code: string; readonly detail: string }
}

/** The services that a session needs to be finished. */
export type FinishParts = {
  readonly store: Store
  readonly now: () => number
  readonly signingKey: Uint8Array
  readonly level: number
  readonly seal: (session: string) => Promise<Durable>
  readonly records: (session: string) => Promise<readonly ChunkRecord[]>
  readonly build: (session: string, leaves: readonly string[]) => Promise<{ readonly root: string }>
  /** Idempotent: the same anchor again is the same job. */
  readonly anchor: (request: {
    readonly session_id: string
    readonly manifest_hash: string
    readonly started_at: number
    readonly owner: string
    readonly merkle_root: string
    readonly chunk_count: number
  }) => Promise<AnchorJob>
}

/** The gap at the end of a session that broke off; none when its last chunk carries the last flag. */
export const endGap = (doc: SessionDoc, durable: Durable): readonly Gap[] => {
  if (durable.last) return []
  const to = doc.ended_at ?? doc.started_at
  const from = Math.min(durable.last_at ?? doc.started_at, to)
  return [{ at: durable.chunk_count, from, to, reason: doc.end_reason ?? 'the recording broke off' }]
}

const contiguous = (records: readonly ChunkRecord[], count: number): void => {
  if (records.length === count && records.every(({ index }, at) => index === at)) return
  throw new Fault(
    'unavailable',
    'records-incomplete',
    `the encryptor gave ${records.length} of ${count} chunk records`,
  )
}

/** The manifest of a finished session (SPEC section 4). Pure. */
export const manifestOf = ({
  doc,
  durable,
  records,
  root,
  auditRoot,
  level,
}: {
  readonly doc: SessionDoc
  readonly durable: Durable
  readonly records: readonly ChunkRecord[]
  readonly root: string
  readonly auditRoot: string
  readonly level: number
}): Manifest => ({
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
  gaps: [...doc.gaps, ...endGap(doc, durable)],
  policy_hash: null,
  recorder_version: doc.recorder_version,
  device_fingerprint: doc.device_fingerprint,
})

/**
 * Takes a session one stage on: `finalizing` becomes `anchoring` when the manifest is signed and kept (and
 * the signing key is gone), `anchoring` becomes `anchored`. Every part may be repeated after a crash.
 * Answers the state it left the session in. Throws the Fault of a service that cannot be reached.
 */
export const finish = (parts: FinishParts) => {
  const { store, now } = parts

  const update = (id: string, change: Partial<SessionDoc>, event?: string) =>
    store.transaction(async (tx) => {
      const own = tables(tx)
      const doc = await own.sessions.get(id)
      if (doc === undefined) throw new Fault('missing', 'no-such-session', 'there is no session of this id')
      if (change.state !== undefined && change.state !== doc.state) checkTransition(doc.state, change.state)
      await own.sessions.replace({ ...plain(doc), ...change, touched_at: now() }, doc.rev)
      if (change.state === 'failed') await own.keys.remove(id)
      if (event !== undefined) await appendAudit(own, id, event, now())
    })

  const step = (id: string, pipeline: Step) => update(id, { pipeline })

  const fail = async (id: string, error: string) => {
    await update(id, { state: 'failed', pipeline: 'failed', error }, `failed: ${error}`)
    return 'failed' as const
  }

  const seal = async (doc: SessionDoc) => {
    await step(doc.id, 'chunking')
    const durable = await parts.seal(doc.id)
    if (durable.chunk_count === 0) return fail(doc.id, 'nothing was recorded: no chunk was ever acknowledged')
    // More than was acknowledged may be durable, when a reply was lost on its way; less may never be.
    if (doc.claimed_plain !== undefined && doc.claimed_plain > durable.total_plain)
      return fail(doc.id, `${doc.claimed_plain} bytes were acknowledged, ${durable.total_plain} are durable`)
    await step(doc.id, 'encrypting')
    const records = await parts.records(doc.id)
    contiguous(records, durable.chunk_count)
    await step(doc.id, 'merkle_building')
    const { root } = await parts.build(
      doc.id,
      records.map(({ leaf }) => leaf),
    )
    await sign(doc, durable, records, root)
    return 'anchoring' as const
  }

  const sign = (doc: SessionDoc, durable: Durable, records: readonly ChunkRecord[], root: string) =>
    store.transaction(async (tx) => {
      const own = tables(tx)
      const kept = await own.sessions.get(doc.id)
      const key = await own.keys.get(doc.id)
      if (kept === undefined || kept.state !== 'finalizing') return
      if (key === undefined)
        throw new Fault(
          'unavailable',
          'signing-key-gone',
          "the session's signing key is gone before it signed",
        )
      const { hash: auditRoot } = await appendAudit(own, doc.id, 'sealed', now())
      const bytes = manifestBytes(
        manifestOf({ doc: kept, durable, records, root, auditRoot, level: parts.level }),
      )
      const hash = manifestHash(bytes)
      const seed = unwrapKey(parts.signingKey, signingKeyFor(doc.id), fromHex(key.wrapped))
      const signature = signManifest(hash, seed)
      seed.fill(0)
      await own.manifests.insert({ id: doc.id, manifest: new TextDecoder().decode(bytes), ...signature })
      await own.keys.remove(doc.id)
      await own.sessions.replace(
        {
          ...plain(kept),
          state: 'anchoring',
          pipeline: 'anchoring',
          gaps: [...kept.gaps, ...endGap(kept, durable)],
          complete: durable.last,
          chunk_count: durable.chunk_count,
          total_plain: durable.total_plain,
          merkle_root: root,
          manifest_hash: hash.toHex(),
          touched_at: now(),
        },
        kept.rev,
      )
    })

  const anchor = async (doc: SessionDoc) => {
    const { merkle_root, manifest_hash, chunk_count } = doc
    if (merkle_root === undefined || manifest_hash === undefined || chunk_count === undefined)
      return fail(doc.id, 'an anchoring session without a manifest')
    const job = await parts.anchor({
      session_id: doc.id,
      manifest_hash,
      started_at: doc.started_at,
      owner: ownerBytes(doc.owner).toHex(),
      merkle_root,
      chunk_count,
    })
    if (job.state === 'refused')
      return fail(doc.id, `the chain refused the anchor: ${job.error?.detail ?? 'unknown'}`)
    if (job.state !== 'anchored' || job.tx_hash === undefined || job.block === undefined)
      return 'anchoring' as const
    await update(
      doc.id,
      { state: 'anchored', pipeline: 'completed', anchor: { tx_hash: job.tx_hash, block: job.block } },
      'anchored',
    )
    return 'anchored' as const
  }

  return async (id: string) => {
    const doc = await tables(store).sessions.get(id)
    if (doc === undefined) throw new Fault('missing', 'no-such-session', 'there is no session of this id')
    if (doc.state === 'finalizing') return seal(plain(doc))
    if (doc.state === 'anchoring') return anchor(plain(doc))
    return doc.state
  }
}
