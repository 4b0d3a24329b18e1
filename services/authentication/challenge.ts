import { timingSafeEqual } from 'node:crypto'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Random } from '#common/engines/key-wrap'
import { Fault } from '#common/process/fault'
import { concat, utf8 } from '#common/stream/bytes'

/**
 * Challenges need no memory: the nonce itself says until when it is good and is authenticated with whom and what it is
 * for, so that any number of them may be asked for. Only the nonces that signed somebody in are remembered, until they end.
 *
 * nonce = base64url(u48be(expires, epoch ms) || 16 random bytes || HMAC-SHA-256(key, fields) cut to 16 bytes)
 */

/** How long a challenge may be answered, ms (SPEC section 7). */
export const CHALLENGE_LIFETIME = 600_000

const RANDOM = 16
const TAG = 16
const BODY = 6 + RANDOM

/** What a challenge is bound to: the cluster, the person's address, and what he signs for. */
export type ChallengeFor = { readonly cluster: string; readonly address: string; readonly purpose: string }

const tagOf = (key: Uint8Array, body: Uint8Array, { cluster, address, purpose }: ChallengeFor) =>
  hmac(sha256, key, concat(body, utf8(JSON.stringify([cluster, address, purpose])))).subarray(0, TAG)

/** The text that a wallet shows and signs. Lines in this order; times in UTC, ISO 8601. */
export const challengeMessage = (
  { cluster, address, purpose }: ChallengeFor,
  { nonce, expires }: { readonly nonce: string; readonly expires: number },
): string =>
  [
    `Lucid ${cluster} asks you to sign.`,
    `For: ${purpose}`,
    `As: ${address}`,
    `Until: ${new Date(expires).toISOString()}`,
    `Nonce: ${nonce}`,
  ].join('\n')

/** A new nonce and when it ends, epoch ms. */
export const newChallenge = (
  bound: ChallengeFor,
  { key, now, random }: { readonly key: Uint8Array; readonly now: number; readonly random: Random },
): { readonly nonce: string; readonly expires: number } => {
  const expires = now + CHALLENGE_LIFETIME
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(expires))
  const body = concat(time.subarray(2), random(RANDOM))
  return { nonce: Buffer.from(concat(body, tagOf(key, body, bound))).toString('base64url'), expires }
}

/** When a nonce of ours ends, epoch ms. Throws Fault unauthenticated `bad-nonce`, `challenge-expired`. */
export const checkChallenge = (
  nonce: string,
  bound: ChallengeFor,
  { key, now }: { readonly key: Uint8Array; readonly now: number },
): number => {
  const bytes = new Uint8Array(Buffer.from(nonce, 'base64url'))
  const body = bytes.subarray(0, BODY)
  const isOurs =
    bytes.length === BODY + TAG &&
    Buffer.from(bytes).toString('base64url') === nonce &&
    timingSafeEqual(bytes.subarray(BODY), tagOf(key, body, bound))
  if (!isOurs)
    throw new Fault('unauthenticated', 'bad-nonce', 'this nonce is not ours for this address: ask for a challenge')
  const expires = Number(new DataView(concat(new Uint8Array(2), body.subarray(0, 6)).buffer).getBigUint64(0))
  // Dated by a clock that was set back since: as good as expired.
  if (expires <= now || expires > now + CHALLENGE_LIFETIME)
    throw new Fault('unauthenticated', 'challenge-expired', 'this challenge has expired: ask for a new one')
  return expires
}
