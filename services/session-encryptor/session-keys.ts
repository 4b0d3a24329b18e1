import { type Random, unwrapKey, wrapKey } from '#common/engines/key-wrap'
import { sealToOwner } from '#common/evidence/owner-seal'
import { sessionIdBytes } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'
import { fromHex } from '#common/stream/bytes'
import type { NewSession } from './model.ts'
import type { StoredKey } from './session-state.ts'
import type { SessionDoc } from './store.ts'

/** The session keys: made here, stored only wrapped, kept in clear in memory while their session is written. */
export type SessionKeys = {
  /** A fresh key, wrapped under the master key and, where they gave one, sealed to the owner's X25519 key. */
  readonly create: (request: NewSession) => StoredKey
  /** The key in clear if it is in memory: a copy, because `wipe` may come while it is in use. */
  readonly fromMemory: (session: string) => Uint8Array | undefined
  /** The key in clear; that of a session that is not sealed stays in memory. Throws Fault `key-does-not-unwrap`, missing `key-erased`. */
  readonly unwrap: (doc: SessionDoc) => Uint8Array
  readonly wipe: (session: string) => void
}

/** Kind `missing`, as of everything that is no more. */
export const keyErased = (): Fault =>
  new Fault('missing', 'key-erased', 'the content of this session was erased; its proof is all that is left')

const wrapFor = (session: string) => ({ purpose: 'lucid/session-key/v1', id: sessionIdBytes(session) })

/** Session keys under one master key. */
export const sessionKeys = (masterKey: Uint8Array, random: Random): SessionKeys => {
  const inMemory = new Map<string, Uint8Array>()
  return {
    create: ({ session, owner_x25519 }) => {
      const key = random(32)
      const wrapped = wrapKey(masterKey, wrapFor(session), key, random).toHex()
      if (owner_x25519 === undefined) return { wrapped }
      const sealed_to_owner = sealToOwner(fromHex(owner_x25519, 32), key, random).toHex()
      return { wrapped, sealed_to_owner, owner_x25519 }
    },
    fromMemory: (session) => inMemory.get(session)?.slice(),
    unwrap: ({ id, wrapped, sealed }) => {
      if (wrapped === undefined) throw keyErased()
      const key = unwrapKey(masterKey, wrapFor(id), fromHex(wrapped))
      if (!sealed) inMemory.set(id, key.slice())
      return key
    },
    wipe: (session) => {
      inMemory.get(session)?.fill(0)
      inMemory.delete(session)
    },
  }
}
