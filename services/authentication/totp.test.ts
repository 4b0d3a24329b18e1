import { expect, setDefaultTimeout, test } from 'bun:test'
import { base32 } from '@scure/base'
import fc from 'fast-check'
import { utf8 } from '#common/stream/bytes'
import { describeTotp, hashRecoveryCode, makeRecoveryCodes, matchTotp } from './totp.ts'

// Nothing here is timed: only a hang fails.
setDefaultTimeout(60_000)

/** RFC 6238, appendix B, SHA-1: time in seconds and the last six digits of the code. */
const vectors = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
] as const
const secret = utf8('12345678901234567890')
const random = (size: number) => crypto.getRandomValues(new Uint8Array(size))

test('the vectors of RFC 6238 are accepted at their time', () => {
  for (const [seconds, code] of vectors)
    expect(matchTotp(code, { secret, now: seconds * 1000, after: -1 })).toBe(Math.floor(seconds / 30))
})

test('a code is good one step early and late, and no further', () => {
  const at = (steps: number) => matchTotp('005924', { secret, now: (1234567890 + 30 * steps) * 1000, after: -1 })
  expect([-2, -1, 0, 1, 2].map(at)).toEqual([undefined, 41152263, 41152263, 41152263, undefined])
})

test('no step is good twice, and none before the one used last', () => {
  const now = 1234567890_000
  expect(matchTotp('005924', { secret, now, after: 41152262 })).toBe(41152263)
  expect(matchTotp('005924', { secret, now, after: 41152263 })).toBeUndefined()
})

test('text that is no code matches nothing and throws nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (code) => {
      if (code !== '005924') expect(matchTotp(code, { secret, now: 1234567890_000, after: -1 }) ?? code).toBe(code)
    }),
    { numRuns: 500 },
  )
})

test('an app is told issuer, account and secret', () => {
  const { secret: text, uri } = describeTotp(secret, 'TAddress')
  expect(text).toBe(base32.encode(secret))
  expect(uri).toBe(`otpauth://totp/Lucid:TAddress?issuer=Lucid&secret=${text}&algorithm=SHA1&digits=6&period=30`)
})

test('recovery codes are ten, all different, of one form, and only their hashes are equal again', () => {
  const codes = makeRecoveryCodes(random)
  expect(new Set(codes).size).toBe(10)
  for (const code of codes) expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/)
  expect(hashRecoveryCode('aaaa-aaaa-aaaa-aaaa')).toBe(hashRecoveryCode('aaaa-aaaa-aaaa-aaaa'))
  expect(hashRecoveryCode(codes[0] ?? '')).not.toBe(hashRecoveryCode(codes[1] ?? ''))
})
