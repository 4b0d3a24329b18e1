import { base32nopad } from '@scure/base'
import { Secret, TOTP } from 'otpauth'
import { blake3 } from '#common/engines/blake3'
import type { Random } from '#common/engines/key-wrap'
import { concat, utf8 } from '#common/stream/bytes'

/** One-time codes of an authenticator app (RFC 6238: SHA-1, 6 digits, steps of 30 s), and the codes for when it is lost. */

/** Bytes of a secret (RFC 4226, section 4: at least 128 bits, 160 recommended) and of a recovery code, and how many of those. */
export const TOTP_SECRET_SIZE = 20
const RECOVERY_SIZE = 10
const RECOVERY_CODES = 10
/** Steps before and after the current one that are accepted too (RFC 6238, section 5.2). */
const WINDOW = 1

const secretOf = (bytes: Uint8Array) => new Secret({ buffer: Uint8Array.from(bytes).buffer })

/** What an app takes in: the secret in base32, and the address that stands in a QR code (otpauth://totp/...). */
export const describeTotp = (secret: Uint8Array, account: string) => ({
  secret: secretOf(secret).base32,
  uri: new TOTP({ issuer: 'Lucid', label: account, secret: secretOf(secret) }).toString(),
})

/**
 * The step (30 s since the epoch) to which a code belongs: the current one or the one beside it, and later than `after`,
 * so that no step is good twice. Undefined when the code is wrong. `now` is epoch ms.
 */
export const matchTotp = (
  code: string,
  { secret, now, after }: { readonly secret: Uint8Array; readonly now: number; readonly after: number },
): number | undefined => {
  const offset = TOTP.validate({ token: code, secret: secretOf(secret), timestamp: now, window: WINDOW })
  if (offset === null) return undefined
  const step = TOTP.counter({ timestamp: now }) + offset
  return step > after ? step : undefined
}

/** Ten recovery codes of 80 bits: xxxx-xxxx-xxxx-xxxx in base32. */
export const makeRecoveryCodes = (random: Random): readonly string[] =>
  Array.from({ length: RECOVERY_CODES }, () =>
    (base32nopad.encode(random(RECOVERY_SIZE)).toLowerCase().match(/.{4}/g) ?? []).join('-'),
  )

/** All that is stored of a recovery code. Its 80 random bits need no slow hash. */
export const hashRecoveryCode = (code: string): string =>
  blake3(concat(utf8('lucid/recovery-code/v1:'), utf8(code))).toHex()
