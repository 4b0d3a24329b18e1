import {
  generateAuthenticationOptions,
  generateRegistrationOptions,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from '@simplewebauthn/server'
import type { Random } from '#common/engines/key-wrap'
import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { fromHex, utf8 } from '#common/stream/bytes'
import { type ChallengeFor, checkChallenge, newChallenge } from './challenge.ts'
import type { Assertion, Attestation } from './factor-model.ts'
import { factorTables, type PasskeyDoc } from './factor-store.ts'
import type { SignatureCheck } from './signature-check.ts'

const MOST_PASSKEYS = 10

export type PasskeyParts = {
  readonly store: Store
  /** Authenticates the challenges. */
  readonly key: Uint8Array
  readonly cluster: string
  readonly useNonce: SignatureCheck['use']
  readonly random: Random
  readonly now: () => number
  /** The domain that passkeys are bound to, and the origins of the pages that may ask for them. */
  readonly rpId: string
  readonly origins: readonly string[]
}

const refused = (cause?: unknown) =>
  new Fault(
    'unauthenticated',
    'passkey-refused',
    'the passkey was refused: ask for new options, and use a passkey registered here with its PIN or fingerprint',
    { cause },
  )

const describe = ({ id, name, created_at, used_at }: PasskeyDoc) => ({
  ...{ id, name, created_at },
  ...(used_at !== undefined && { used_at }),
})

/** What a library or a stranger's bytes made fail is one refusal; a store that is away stays what it is. */
const verified = async <R>(work: () => Promise<R>): Promise<R> => {
  try {
    return await work()
  } catch (error) {
    throw isFault(error) && error.kind === 'unavailable' ? error : refused(error)
  }
}

/** Passkeys of accounts (WebAuthn level 3): discoverable, with user verification, so they are two factors at once. */
export const passkeys = ({ store, key, cluster, useNonce, random, now, rpId, origins }: PasskeyParts) => {
  const table = factorTables(store).passkeys
  const policy = { expectedOrigin: [...origins], expectedRPID: rpId, requireUserVerification: true }
  const registering = (address: string) => ({ cluster, address, purpose: 'register a passkey' })
  const signingIn = { cluster, address: '', purpose: 'sign in with a passkey' }
  const challenge = (bound: ChallengeFor) =>
    new Uint8Array(Buffer.from(newChallenge(bound, { key, now: now(), random }).nonce, 'base64url'))

  /** Keeps the challenge that was answered for `bound`, and when it ends. */
  const challengeFor = (bound: ChallengeFor) => {
    let answered = { nonce: '', expires: 0 }
    const isOurs = (nonce: string) => {
      answered = { nonce, expires: checkChallenge(nonce, bound, { key, now: now() }) }
      return true
    }
    return { isOurs, use: (tx: Store) => useNonce(tx, answered.nonce, answered.expires) }
  }
  const find = (address: string) => table.find({ where: { address }, sort: [['id', 'asc']] })

  return {
    list: async (address: string) => (await find(address)).map(describe),
    /** What the browser needs to make a passkey for this account. Throws Fault conflict `too-many-passkeys`. */
    registration: async (address: string) => {
      const known = await find(address)
      if (known.length >= MOST_PASSKEYS)
        throw new Fault(
          'conflict',
          'too-many-passkeys',
          `an account has at most ${MOST_PASSKEYS} passkeys: remove one`,
        )
      return generateRegistrationOptions({
        rpName: 'Lucid',
        rpID: rpId,
        userName: address,
        userID: utf8(address),
        challenge: challenge(registering(address)),
        attestationType: 'none',
        excludeCredentials: known.map(({ id }) => ({ id })),
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      })
    },
    /** Throws Fault unauthenticated `passkey-refused`. */
    register: (address: string, name: string, { id, rawId, type, response }: Attestation) =>
      verified(async () => {
        const { isOurs, use } = challengeFor(registering(address))
        const { clientDataJSON, attestationObject } = response
        const { registrationInfo } = await verifyRegistrationResponse({
          ...policy,
          response: {
            id,
            rawId,
            type,
            response: { clientDataJSON, attestationObject },
            clientExtensionResults: {},
          },
          expectedChallenge: isOurs,
        })
        if (registrationInfo === undefined) throw refused()
        const { publicKey, counter, id: made } = registrationInfo.credential
        const doc = { id: made, address, name, public_key: publicKey.toHex(), counter, created_at: now() }
        return store.transaction(async (tx) => {
          await use(tx)
          return describe(await factorTables(tx).passkeys.insert(doc))
        })
      }),
    /** What the browser needs to sign in; the passkey itself says whose it is, so nobody is asked or told. */
    authentication: () =>
      generateAuthenticationOptions({
        rpID: rpId,
        challenge: challenge(signingIn),
        userVerification: 'required',
      }),
    /** The account that signed in. Throws Fault unauthenticated `passkey-refused`. */
    authenticate: ({ id, rawId, type, response }: Assertion): Promise<string> =>
      verified(async () => {
        const known = await table.get(id)
        if (known === undefined) throw refused()
        const { isOurs, use } = challengeFor(signingIn)
        const { clientDataJSON, authenticatorData, signature } = response
        const signed = { clientDataJSON, authenticatorData, signature }
        const { verified: good, authenticationInfo } = await verifyAuthenticationResponse({
          ...policy,
          response: { id, rawId, type, response: signed, clientExtensionResults: {} },
          expectedChallenge: isOurs,
          credential: { id, publicKey: fromHex(known.public_key), counter: known.counter },
        })
        if (!good) throw refused()
        const { rev, ...doc } = { ...known, counter: authenticationInfo.newCounter, used_at: now() }
        await store.transaction(async (tx) => {
          await use(tx)
          // Of two answers at once, one finds another revision: a counter never goes back.
          await factorTables(tx).passkeys.replace(doc, rev)
        })
        return doc.address
      }),
    /** Throws Fault missing `no-such-passkey`, also for another's. */
    remove: async (address: string, id: string) => {
      const doc = await table.get(id)
      if (doc?.address !== address || !(await table.remove(id)))
        throw new Fault('missing', 'no-such-passkey', 'this account has no passkey of this id')
    },
  }
}
