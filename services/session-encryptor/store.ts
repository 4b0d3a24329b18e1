import type { ChunkRecord } from '#common/http/session-model'
import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'
import type { Progress } from './model.ts'

/** A session as the encryptor knows it: its wrapped key and how far it is durable. */
export type SessionDoc = Readonly<Omit<Progress, 'session'>> & {
  readonly id: string
  readonly owner: string
  /** Absent once the content was erased, and so is `sealed_to_owner`. */
  readonly wrapped?: string
  readonly sealed_to_owner?: string
  /** To which key it is sealed; sessions of older releases do not say. */
  readonly owner_x25519?: string
  readonly epoch: number
  /** The final chunk is there, be it the last of a whole recording or of one that broke off. */
  readonly closed: boolean
  /** When its keys were destroyed, epoch ms. */
  readonly erased_at?: number
}

export type ChunkDoc = ChunkRecord & {
  readonly id: string
  readonly session: string
  readonly epoch: number
  /** When its last byte came from the source, epoch ms. */
  readonly last_byte_at?: number
  /** Nothing follows it, though it does not carry the last flag. */
  readonly broken?: boolean
}

/** A read that did not verify: an AEAD or hash failure, kept for the operator. */
export type IncidentDoc = {
  readonly id: string
  readonly session: string
  readonly index: number
  readonly reason: string
  readonly at: number
}

const sessions: Declaration<SessionDoc> = {
  name: 'encryptor_sessions',
  fields: { sealed: 'boolean' },
  secret: 'when-removed',
}
const chunks: Declaration<ChunkDoc> = {
  name: 'encryptor_chunks',
  fields: { session: 'text', index: 'integer' },
  required: ['session', 'index'],
  unique: [['session', 'index']],
}
const incidents: Declaration<IncidentDoc> = {
  name: 'encryptor_incidents',
  fields: { session: 'text', at: 'integer' },
  indexes: [['session']],
}

/** All that session-encryptor keeps. */
export const schema: StoreSchema = { collections: [sessions, chunks, incidents], migrations: [] }

/** The collections of session-encryptor, on a store or inside a transaction of it. */
export const tables = (store: Store) => ({
  sessions: store.collection(sessions),
  chunks: store.collection(chunks),
  incidents: store.collection(incidents),
})

export type Tables = ReturnType<typeof tables>

export const chunkId = (session: string, index: number) => `${session}/${index}`
