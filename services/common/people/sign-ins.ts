import { type Static, Type } from '@sinclair/typebox'
import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose'
import { TronAddress } from '../evidence/fields.ts'
import type { Clocks } from '../process/clock.ts'
import { Fault } from '../process/fault.ts'
import { boundedMap } from '../stream/bounded-map.ts'
import { type Person, type Verified, verifyAccessToken } from './access-token.ts'

/** Access tokens made until `before` (epoch ms) are void: those of one sign-in, or all of an address. */
export const Revocation = Type.Object({
  session: Type.Optional(Type.String({ maxLength: 36 })),
  address: Type.Optional(TronAddress),
  before: Type.Integer({ minimum: 0 }),
})
export type Revocation = Static<typeof Revocation>

/** A public key as a JWK (RFC 8037). */
export const PublicJwk = Type.Object({
  kty: Type.Literal('OKP'),
  crv: Type.Literal('Ed25519'),
  x: Type.String({ maxLength: 64 }),
  alg: Type.Literal('EdDSA'),
  use: Type.Literal('sig'),
  kid: Type.String({ maxLength: 64 }),
})
export const Jwks = Type.Object({ keys: Type.Array(PublicJwk, { maxItems: 16 }) })
export type Jwks = Static<typeof Jwks>

/** What decides of an access token beside itself: the keys in force, and what was revoked while it may still live. */
export const SignInState = Type.Object({ keys: Jwks, revoked: Type.Array(Revocation, { maxItems: 100_000 }) })
export type SignInState = Static<typeof SignInState>

/** For how long the last state is good when authentication does not answer, ms. */
const STALE_AFTER = 300_000

/** How many access tokens are remembered as well signed: to verify one costs more than all the rest of a read. */
const MOST_VERIFIED = 10_000

export type SignIns = {
  /** The person of an access token. Throws Fault unauthenticated `bad-access-token`, unavailable `sign-ins-unknown`. */
  readonly identify: (token: string) => Promise<Person>
  /** Asks for the state now; whoever has just changed it sees the change from then on. */
  readonly refresh: () => Promise<void>
}

type Known = {
  /** The keys as they came; while they stay the same, so does what they verified. */
  readonly jwks: string
  readonly keys: JWTVerifyGetKey
  readonly verified: ReturnType<typeof boundedMap<Verified>>
  readonly revoked: ReadonlyMap<string, number>
  readonly at: number
}

const index = ({ revoked }: SignInState): ReadonlyMap<string, number> => {
  const latest = new Map<string, number>()
  for (const { session, address, before } of revoked) {
    const of = session ?? address ?? ''
    latest.set(of, Math.max(latest.get(of) ?? 0, before))
  }
  return latest
}

/** Judges access tokens by the state that `fetchState` answers; the caller has `refresh` called once a second. */
export const signIns = ({
  fetchState,
  clocks: { now, steady },
}: {
  readonly fetchState: () => Promise<SignInState>
  readonly clocks: Clocks
}): SignIns => {
  let known: Known | undefined
  const refresh = async () => {
    const asked = steady()
    const state = await fetchState()
    if (known !== undefined && asked < known.at) return
    const jwks = JSON.stringify(state.keys)
    const anew = () => ({ jwks, keys: createLocalJWKSet(state.keys), verified: boundedMap<Verified>(MOST_VERIFIED) })
    known = { ...(known?.jwks === jwks ? known : anew()), revoked: index(state), at: asked }
  }
  /** Whom a token names by its signature; what was revoked since is not asked yet. */
  const verify = async ({ keys, verified }: Known, token: string): Promise<Person> => {
    const time = now()
    const found = verified.get(token)
    if (found !== undefined && found.person.at <= time && time < found.until) return found.person
    const fresh = await verifyAccessToken(token, { keys, now: time })
    verified.set(token, fresh)
    return fresh.person
  }
  return {
    refresh,
    identify: async (token) => {
      if (known === undefined) await refresh().catch(() => {})
      if (known === undefined || steady() - known.at > STALE_AFTER)
        throw new Fault('unavailable', 'sign-ins-unknown', 'authentication does not answer: try again soon', {
          retryAfter: 1000,
        })
      const person = await verify(known, token)
      // Of this moment, also where the signature was verified before.
      const before = Math.max(known.revoked.get(person.session) ?? 0, known.revoked.get(person.address) ?? 0)
      if (person.at <= before)
        throw new Fault('unauthenticated', 'bad-access-token', 'this sign-in was ended or changed: refresh it')
      return person
    },
  }
}
