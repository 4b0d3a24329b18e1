import { ed25519 } from '@noble/curves/ed25519.js'
import { decodeJwt, errors, importJWK, jwtVerify, SignJWT } from 'jose'
import { type CallerName, catalog, clients, type ServiceName } from '#services/catalog'
import { isOwner } from '../evidence/owner.ts'
import { type Clocks, clockReadings, machineClocks } from '../process/clock.ts'
import type { Secret } from '../process/env.ts'
import { Fault } from '../process/fault.ts'
import type { SignedIn } from '../process/request-context.ts'
import { boundedMap } from '../stream/bounded-map.ts'
import { fromHex } from '../stream/bytes.ts'

/** Seconds a token lives, how early the signer makes a new one, and by how much two clocks may differ. */
const LIFETIME = 60
const RENEW_BEFORE = 15
const TOLERANCE = 5

/** How many tokens a signer has at hand, one for each callee and person, and a verifier remembers as well signed. */
const MOST_TOKENS = 4096

/** Public Ed25519 keys (hex) by identity. */
export type Peers = Readonly<Record<string, string>>
/** A fresh token of this process's identity for one callee, on behalf of a person (TRON address) when one acts. */
export type Sign = (callee: string, actor?: string) => Promise<string>

/** Who is calling: a service by its name, or `person`. `actor` is the person who acts, by TRON address. */
export type Caller = { readonly caller: string; readonly actor?: string; readonly person?: SignedIn }
/** Who is calling; throws Fault `unauthenticated` or `forbidden`. */
export type Guard = (request: Request) => Promise<Caller>

/** The token of `Authorization: Bearer`, in any case (RFC 9110, 11.1); undefined when there is none of its form. */
export const bearerToken = (request: Request): string | undefined =>
  request.headers.get('authorization')?.match(/^Bearer +([A-Za-z0-9._-]+)$/i)?.[1]

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

const publicJwk = (key: Uint8Array) => ({ kty: 'OKP', crv: 'Ed25519', x: base64url(key), alg: 'EdDSA' })

/** The public key (hex) of a secret identity key (hex). */
export const derivePublicKey = (key: Secret): string => ed25519.getPublicKey(fromHex(key.reveal(), 32)).toHex()

/** Everybody whom the catalogue lists as needing `callee`. */
export const callersOf = (callee: ServiceName): readonly CallerName[] =>
  Object.entries({ ...catalog, ...clients })
    .filter(([, entry]) => (entry.needs as readonly string[]).includes(callee))
    .map(([name]) => name as CallerName)

/**
 * Signs short-lived tokens (JWT, EdDSA: RFC 7519, RFC 8037) and keeps each until shortly before it ends, by the clock
 * that it is dated with and by the one that nobody sets: after a step of the clock it signs a new one.
 */
export const signer = ({
  name,
  key,
  clocks: { now, steady } = machineClocks,
}: {
  readonly name: string
  readonly key: Secret
  readonly clocks?: Clocks
}): Sign => {
  const seed = fromHex(key.reveal(), 32)
  const imported = importJWK(
    { ...publicJwk(ed25519.getPublicKey(seed)), d: base64url(seed) } as Parameters<typeof importJWK>[0],
    'EdDSA',
  )
  const kept = boundedMap<{ readonly token: string; readonly from: number; readonly made: number }>(MOST_TOKENS)
  return async (callee, actor) => {
    const seconds = Math.floor(now() / 1000)
    const made = steady()
    const place = actor === undefined ? callee : `${callee} ${actor}`
    const known = kept.get(place)
    const age = known && Math.max(seconds - known.from, (made - known.made) / 1000)
    if (known && age !== undefined && age < LIFETIME - RENEW_BEFORE && seconds >= known.from) return known.token
    const token = await new SignJWT(actor === undefined ? {} : { sub: actor })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
      .setIssuer(name)
      .setAudience(callee)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + LIFETIME)
      .sign(await imported)
    kept.set(place, { token, from: seconds, made })
    return token
  }
}

const denied = (detail: string) => new Fault('unauthenticated', 'bad-service-token', detail)

const reason = (error: unknown): string =>
  error instanceof errors.JWTExpired
    ? 'the service token has expired; check the clocks'
    : error instanceof errors.JWTClaimValidationFailed
      ? `the service token's ${error.claim} is not acceptable here`
      : 'the service token is not valid'

/**
 * Accepts a bearer token only if it is signed by the key of the identity it names, made for this callee,
 * and that identity is listed as needing the callee. After a step of the clock, tokens that are dated by the clock before
 * are good for as long as they live.
 */
export const verifier = ({
  callee,
  callers,
  peers,
  clocks = machineClocks,
}: {
  readonly callee: string
  readonly callers: readonly string[]
  readonly peers: Peers
  readonly clocks?: Clocks
}): Guard => {
  const keys = new Map(
    callers.flatMap((name) => {
      const key = peers[name]
      return key === undefined ? [] : [[name, importJWK(publicJwk(fromHex(key, 32)), 'EdDSA')] as const]
    }),
  )
  const readings = clockReadings(clocks, (LIFETIME + TOLERANCE) * 1000)
  const verified = boundedMap<{ readonly caller: Caller; readonly from: number; readonly until: number }>(MOST_TOKENS)
  return async (request) => {
    const times = readings()
    const token = bearerToken(request)
    if (token === undefined) throw denied('this route needs a service token: Authorization: Bearer')
    const known = verified.get(token)
    const seconds = (times[0] ?? 0) / 1000
    if (known !== undefined && known.from <= seconds && seconds < known.until) return known.caller
    const caller = claimedIssuer(token)
    const key = keys.get(caller)
    if (key === undefined) {
      if (!Object.hasOwn(peers, caller)) throw denied('the service token names an unknown identity')
      throw new Fault('forbidden', 'caller-not-listed', `the catalogue does not list this caller as needing ${callee}`)
    }
    const outcomes = await Promise.allSettled(
      times.map(async (time) =>
        jwtVerify(token, await key, {
          algorithms: ['EdDSA'],
          issuer: caller,
          audience: callee,
          typ: 'JWT',
          maxTokenAge: LIFETIME,
          clockTolerance: TOLERANCE,
          requiredClaims: ['exp', 'iat'],
          currentDate: new Date(time),
        }),
      ),
    )
    const accepted = outcomes.find((outcome) => outcome.status === 'fulfilled')
    if (accepted === undefined) throw denied(reason(outcomes[0]?.status === 'rejected' && outcomes[0].reason))
    const { sub: actor, iat: from = 0, exp = 0 } = accepted.value.payload
    if (actor !== undefined && !isOwner(actor)) throw denied('the service token names a person who has no TRON address')
    const named: Caller = actor === undefined ? { caller } : { caller, actor }
    verified.set(token, { caller: named, from, until: Math.min(exp, from + LIFETIME) })
    return named
  }
}

/** The issuer that a token claims, unverified: it only selects the key to verify with. */
const claimedIssuer = (token: string): string => {
  try {
    return String(decodeJwt(token).iss)
  } catch {
    return ''
  }
}
