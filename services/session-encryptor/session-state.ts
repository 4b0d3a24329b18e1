import { FLAG_LAST } from '#common/evidence/chunk-file'
import { Fault } from '#common/process/fault'
import { fenced } from './commit-order.ts'
import type { NewSession, Progress } from './model.ts'
import type { ChunkDoc, SessionDoc } from './store.ts'

/** A session's key as it may be stored. */
export type StoredKey = Pick<SessionDoc, 'sealed_to_owner' | 'owner_x25519'> & { readonly wrapped: string }

/** A session to which nobody has written. */
export const newSession = ({ session, owner, chunk_size }: NewSession, key: StoredKey): SessionDoc => ({
  id: session,
  owner,
  ...key,
  chunk_size,
  epoch: 0,
  chunk_count: 0,
  total_plain: 0,
  total_cipher: 0,
  last: false,
  closed: false,
  sealed: false,
})

/** The part of a session that callers see. */
export const describeProgress = (doc: SessionDoc): Progress => ({
  session: doc.id,
  chunk_size: doc.chunk_size,
  chunk_count: doc.chunk_count,
  total_plain: doc.total_plain,
  total_cipher: doc.total_cipher,
  last: doc.last,
  sealed: doc.sealed,
  ...(doc.last_at === undefined ? {} : { last_at: doc.last_at, last_byte_at: doc.last_byte_at ?? doc.last_at }),
})

/** Whether a session key is sealed to the key that is asked for, as far as the session says. */
const isSealedTo = ({ sealed_to_owner, owner_x25519 }: SessionDoc, asked: string | undefined): boolean =>
  sealed_to_owner !== undefined && owner_x25519 === undefined ? asked !== undefined : asked === owner_x25519

/** Throws Fault `session-differs` unless a request for a new session asks for the one that there is. */
export const checkSameSession = (doc: SessionDoc, request: NewSession): void => {
  const isSame = doc.owner === request.owner && doc.chunk_size === request.chunk_size
  if (!isSame || !isSealedTo(doc, request.owner_x25519))
    throw new Fault('conflict', 'session-differs', 'a session of this id exists with other properties')
}

/** A new writer has the session; the epoch fences all earlier ones. Throws Fault `sealed`. */
export const openWriter = (doc: SessionDoc): SessionDoc => {
  if (doc.sealed)
    throw new Fault('conflict', 'sealed', 'this session is sealed; a new recording needs a new session', {
      extra: { chunk_count: doc.chunk_count, acknowledged: doc.total_plain },
    })
  return { ...doc, epoch: doc.epoch + 1 }
}

/** Nobody writes to the session any more. The same again is no change. */
export const sealSession = (doc: SessionDoc): SessionDoc =>
  doc.sealed ? doc : { ...doc, sealed: true, epoch: doc.epoch + 1 }

/** The session without its keys: what is encrypted under them is lost. The same again is no change. Throws Fault `not-sealed`. */
export const eraseKeys = (doc: SessionDoc, now: number): SessionDoc => {
  if (doc.erased_at !== undefined) return doc
  if (!doc.sealed) throw new Fault('conflict', 'not-sealed', 'this session is still written: end it first')
  const { wrapped: _wrapped, sealed_to_owner: _sealed, owner_x25519: _owner, ...rest } = doc
  return { ...rest, erased_at: now }
}

/** The session with a further chunk. Throws Fault `fenced` when it is not the writer's or the next, `after-last`. */
export const appendChunk = (
  doc: SessionDoc,
  chunk: ChunkDoc,
  { isBroken }: { readonly isBroken: boolean },
): SessionDoc => {
  if (doc.sealed || doc.epoch !== chunk.epoch || doc.chunk_count !== chunk.index) throw fenced()
  if (doc.closed) throw new Fault('conflict', 'after-last', 'the last chunk of this session is there already')
  const last = (chunk.flags & FLAG_LAST) !== 0
  const { last_byte_at: _, ...rest } = doc
  return {
    ...rest,
    chunk_count: doc.chunk_count + 1,
    total_plain: doc.total_plain + chunk.plain,
    total_cipher: doc.total_cipher + chunk.cipher,
    last,
    closed: isBroken || last,
    last_at: chunk.at,
    ...(chunk.last_byte_at === undefined ? {} : { last_byte_at: chunk.last_byte_at }),
  }
}
