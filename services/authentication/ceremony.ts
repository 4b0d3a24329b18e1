import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Random } from '#common/engines/key-wrap'
import { Fault } from '#common/process/fault'
import { fromHex, utf8 } from '#common/stream/bytes'
import { type ChallengeFor, checkChallenge, newChallenge } from './challenge.ts'
import type { Assertion, Attestation } from './factor-model.ts'
import type { PasskeyDoc } from './factor-store.ts'

export type CeremonyParts = {
  /** Authenticates the challenges, with the name of the cluster. */
  readonly key: Uint8Array
  readonly cluster: string
  readonly random: Random
  readonly now: () => number
  /** The domain that passkeys are bound to, and the origins of the pages that may ask for them. */
  readonly rpId: string
  readonly origins: readonly string[]
}

const signingIn = { address: '', purpose: 'sign in with a passkey' }
const registering = (address: string) => ({ address, purpose: 'register a passkey' })

/** Browsers have passkeys on localhost and on a domain over TLS. Throws Fault forbidden `no-passkeys-here`. */
const requirePasskeys = (rpId: string, origins: readonly string[]) => {
  const isDomain = /[a-z]$/i.test(rpId) && !rpId.endsWith('.onion')
  if (rpId === 'localhost' || (isDomain && origins.some((origin) => origin.startsWith('https:')))) return
  const detail = 'passkeys need localhost or a domain over https: set PUBLIC_URL of authentication to one'
  throw new Fault('forbidden', 'no-passkeys-here', detail)
}

/** The two ceremonies of WebAuthn level 3: what a browser is asked, and whether what it answers is good. */
export const ceremonies = ({ key, cluster, random, now, rpId, origins }: CeremonyParts) => {
  const policy = { expectedOrigin: [...origins], expectedRPID: rpId, requireUserVerification: true }
  const challenge = (bound: Omit<ChallengeFor, 'cluster'>) => {
    requirePasskeys(rpId, origins)
    const { nonce } = newChallenge({ cluster, ...bound }, { key, now: now(), random })
    return new Uint8Array(Buffer.from(nonce, 'base64url'))
  }
  /** Judges the challenge of an answer, and remembers it and its end. */
  const challengeOf = (bound: Omit<ChallengeFor, 'cluster'>) => {
    const answered = { nonce: '', expires: 0 }
    const expectedChallenge = (nonce: string) => {
      const expires = checkChallenge(nonce, { cluster, ...bound }, { key, now: now() })
      Object.assign(answered, { nonce, expires })
      return true
    }
    return { answered, expectedChallenge }
  }
  return {
    registrationOptions: (address: string, known: readonly PasskeyDoc[]) =>
      generateRegistrationOptions({
        ...{ rpName: 'Lucid', rpID: rpId, userName: address, userID: utf8(address), attestationType: 'none' },
        challenge: challenge(registering(address)),
        excludeCredentials: known.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      }),
    /** The credential that was made for an account, and the challenge it answered; throws whatever is wrong. */
    checkAttestation: async (address: string, { id, rawId, type, response: given }: Attestation) => {
      const { answered, expectedChallenge } = challengeOf(registering(address))
      const response = { clientDataJSON: given.clientDataJSON, attestationObject: given.attestationObject }
      const signed = { id, rawId, type, response, clientExtensionResults: {} }
      const judged = await verifyRegistrationResponse({ ...policy, response: signed, expectedChallenge })
      if (!judged.verified) throw new Error('the attestation is not good')
      return { answered, credential: judged.registrationInfo.credential }
    },
    authenticationOptions: () =>
      generateAuthenticationOptions({
        ...{ rpID: rpId, challenge: challenge(signingIn), userVerification: 'required' },
      }),
    /** The new counter of a credential that signed, and the challenge it answered; throws whatever is wrong. */
    checkAssertion: async ({ id, rawId, type, response: given }: Assertion, known: PasskeyDoc) => {
      const { answered, expectedChallenge } = challengeOf(signingIn)
      const { clientDataJSON, authenticatorData, signature } = given
      const response = { clientDataJSON, authenticatorData, signature }
      const judged = await verifyAuthenticationResponse({
        ...{ ...policy, expectedChallenge, response: { id, rawId, type, response, clientExtensionResults: {} } },
        credential: { id, publicKey: fromHex(known.public_key), counter: known.counter },
      })
      if (!judged.verified) throw new Error('the assertion is not good')
      return { answered, counter: judged.authenticationInfo.newCounter }
    },
  }
}
