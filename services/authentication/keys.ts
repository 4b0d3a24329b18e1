import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '#common/stream/bytes'

/** The keys that the one secret of this service stands for, 32 bytes each: HKDF-SHA-256 (RFC 5869), one for each use. */
export type OwnKeys = { readonly challenge: Uint8Array; readonly refresh: Uint8Array; readonly wrap: Uint8Array }

/** Derives them from AUTH_KEY (32 bytes). */
export const deriveKeys = (secret: Uint8Array): OwnKeys => {
  const of = (use: string) => hkdf(sha256, secret, undefined, utf8(`lucid/authentication/v1/${use}`), 32)
  return { challenge: of('challenge'), refresh: of('refresh'), wrap: of('wrap') }
}
