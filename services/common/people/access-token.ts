import { type Static, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type CryptoKey, errors, importJWK, type JWTVerifyGetKey, jwtVerify, SignJWT } from 'jose'
import { TronAddress } from '../evidence/fields.ts'
import { Fault } from '../process/fault.ts'
import { Role } from './permissions.ts'

/** How long an access token lives, s (SPEC section 7), and by how much two clocks may differ. */
export const ACCESS_LIFETIME_S = 900
const TOLERANCE_S = 5

/** What an access token is for; a service token names its callee instead, so neither passes for the other. */
const AUDIENCE = 'lucid'
const ISSUER = 'authentication'
/** RFC 9068. */
const TYPE = 'at+jwt'

/** Who is signed in: `session` is the sign-in (one device), `at` when the token was made, epoch ms. */
export const Person = Type.Object({
  address: TronAddress,
  roles: Type.Array(Role, { maxItems: 6 }),
  session: Type.String({ pattern: '^[0-9a-f-]{36}$' }),
  at: Type.Integer({ minimum: 0 }),
})
export type Person = Static<typeof Person>

/** A key that signs access tokens, and the id by which verifiers find its public half. */
export type SigningKey = { readonly kid: string; readonly key: CryptoKey }

/** The signing key of an Ed25519 seed and its public key, 32 bytes each. */
export const importSigningKey = async (
  kid: string,
  { seed, publicKey }: { readonly seed: Uint8Array; readonly publicKey: Uint8Array },
): Promise<SigningKey> => {
  const [d, x] = [seed, publicKey].map((bytes) => Buffer.from(bytes).toString('base64url')) as [string, string]
  const key = await importJWK({ kty: 'OKP', crv: 'Ed25519', x, d }, 'EdDSA')
  return { kid, key: key as CryptoKey } // only keys of kind oct are bytes
}

/** A signed access token (RFC 9068, EdDSA) of `ACCESS_LIFETIME_S`. */
export const signAccessToken = (
  { address, roles, session, at }: Person,
  { key, kid, id }: SigningKey & { readonly id: string },
): Promise<string> =>
  new SignJWT({ sid: session, roles })
    .setProtectedHeader({ alg: 'EdDSA', typ: TYPE, kid })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject(address)
    .setJti(id)
    .setIssuedAt(at / 1000)
    .setExpirationTime(Math.ceil(at / 1000) + ACCESS_LIFETIME_S)
    .sign(key)

const refused = (detail: string, cause?: unknown) => new Fault('unauthenticated', 'bad-access-token', detail, { cause })

/** Whom an access token names, and until when without tolerance, epoch ms. */
export type Verified = { readonly person: Person; readonly until: number }

/** The person whom an access token names. Throws Fault unauthenticated `bad-access-token`. */
export const verifyAccessToken = async (
  token: string,
  { keys, now }: { readonly keys: JWTVerifyGetKey; readonly now: number },
): Promise<Verified> => {
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['EdDSA'],
    typ: TYPE,
    issuer: ISSUER,
    audience: AUDIENCE,
    maxTokenAge: ACCESS_LIFETIME_S,
    clockTolerance: TOLERANCE_S,
    requiredClaims: ['exp', 'iat', 'sub', 'sid', 'roles'],
    currentDate: new Date(now),
  }).catch((cause: unknown) => {
    throw refused(
      cause instanceof errors.JWTExpired
        ? 'the access token has expired: refresh it, or sign in again'
        : 'the access token is not valid: sign in again',
      cause,
    )
  })
  const person = {
    address: payload.sub,
    roles: payload['roles'],
    session: payload['sid'],
    at: Math.round((payload.iat ?? 0) * 1000),
  }
  if (!Value.Check(Person, person)) throw refused('the access token is not valid: sign in again')
  return { person, until: Math.min(payload.exp ?? 0, (payload.iat ?? 0) + ACCESS_LIFETIME_S) * 1000 }
}

/** True for a token that says it is an access token; unverified and as `jose` writes it: it only selects who judges it. */
export const isAccessToken = (token: string): boolean =>
  Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').includes(`"typ":"${TYPE}"`)
