import { timingSafeEqual } from 'node:crypto'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '#common/stream/bytes'

/**
 * Refresh tokens are derived, so that nothing of them is stored: `SIGN-IN.GENERATION.TAG`, TAG = base64url(HMAC-SHA-256(key,
 * "SIGN-IN.GENERATION")). Each use makes the next generation; one that is older than the last but one was stolen.
 */

/** How long a sign-in lives without being refreshed, and from its beginning at most, ms. */
export const REFRESH_LIFETIME = 7 * 86_400_000
export const LONGEST_SIGN_IN = 90 * 86_400_000

/** For so long the token before the last is answered with the last again: its reply may have been lost. ms. */
const REPLY_LOST = 30_000

const tagOf = (key: Uint8Array, text: string) => hmac(sha256, key, utf8(text))

export const refreshToken = (key: Uint8Array, signIn: string, generation: number): string => {
  const text = `${signIn}.${generation}`
  return `${text}.${Buffer.from(tagOf(key, text)).toString('base64url')}`
}

/** The sign-in and the generation of a token of ours; undefined for any other text. */
export const readRefreshToken = (
  key: Uint8Array,
  token: string,
): { readonly signIn: string; readonly generation: number } | undefined => {
  const [, text = '', signIn = '', generation = '', tag = ''] =
    /^(([0-9a-f-]{36})\.(\d{1,9}))\.([A-Za-z0-9_-]{43})$/.exec(token) ?? []
  if (signIn === '') return undefined
  const given = new Uint8Array(Buffer.from(tag, 'base64url'))
  return given.length === 32 && timingSafeEqual(given, tagOf(key, text))
    ? { signIn, generation: Number(generation) }
    : undefined
}

/** What a presented generation means for a sign-in that is at `current` since `rotatedAt`. */
export const judgeGeneration = (
  presented: number,
  { current, rotatedAt, now }: { readonly current: number; readonly rotatedAt: number; readonly now: number },
): 'next' | 'again' | 'reused' => {
  if (presented === current) return 'next'
  return presented === current - 1 && Math.abs(now - rotatedAt) <= REPLY_LOST ? 'again' : 'reused'
}
