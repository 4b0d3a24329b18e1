import { Fault, isFault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { type CeremonyParts, ceremonies } from './ceremony.ts'
import type { Assertion, Attestation } from './factor-model.ts'
import { factorTables, type PasskeyDoc } from './factor-store.ts'
import type { SignatureCheck } from './signature-check.ts'

const MOST_PASSKEYS = 10

export type PasskeyParts = CeremonyParts & { readonly store: Store; readonly useNonce: SignatureCheck['use'] }

const show = ({ id, name, created_at, used_at }: PasskeyDoc) => ({
  ...{ id, name, created_at },
  ...(used_at !== undefined && { used_at }),
})

/** Whatever a stranger's bytes made fail is one refusal; a store that is away, or too many, stay what they are. */
const verified = async <R>(work: () => Promise<R>): Promise<R> => {
  try {
    return await work()
  } catch (cause) {
    if (isFault(cause) && (cause.kind === 'unavailable' || cause.code === 'too-many-passkeys')) throw cause
    const detail =
      'the passkey was refused: ask for new options, and use one registered here, with its PIN or fingerprint'
    throw new Fault('unauthenticated', 'passkey-refused', detail, { cause })
  }
}

/** The passkeys of an account. Throws Fault conflict `too-many-passkeys` when there is no room for another. */
const requireRoom = async (store: Store, address: string): Promise<readonly PasskeyDoc[]> => {
  const known = await factorTables(store).passkeys.find({ where: { address } })
  if (known.length < MOST_PASSKEYS) return known
  throw new Fault('conflict', 'too-many-passkeys', `an account has at most ${MOST_PASSKEYS} passkeys: remove one`)
}

/** Passkeys of accounts: discoverable, with user verification, so they are two factors at once. */
export const passkeys = ({ store, useNonce, ...parts }: PasskeyParts) => {
  const { registrationOptions, checkAttestation, authenticationOptions, checkAssertion } = ceremonies(parts)
  const { now } = parts
  const table = factorTables(store).passkeys
  return {
    list: async (address: string) => (await table.find({ where: { address }, sort: [['id', 'asc']] })).map(show),
    /** What the browser needs to make a passkey for this account. Throws Fault conflict `too-many-passkeys`. */
    registration: async (address: string) => registrationOptions(address, await requireRoom(store, address)),
    /** Throws Fault unauthenticated `passkey-refused`. */
    register: (address: string, name: string, attestation: Attestation) =>
      verified(async () => {
        const { answered, credential } = await checkAttestation(address, attestation)
        const { id, publicKey, counter } = credential
        const doc = { id, address, name, public_key: publicKey.toHex(), counter, created_at: now() }
        return store.transaction(async (tx) => {
          await requireRoom(tx, address)
          await useNonce(tx, answered.nonce, answered.expires)
          return show(await factorTables(tx).passkeys.insert(doc))
        })
      }),
    /** What the browser needs to sign in; the passkey itself says whose it is, so nobody is asked or told. */
    authentication: () => authenticationOptions(),
    /** The account that signed in. Throws Fault unauthenticated `passkey-refused`. */
    authenticate: (assertion: Assertion): Promise<string> =>
      verified(async () => {
        const known = await table.get(assertion.id)
        if (known === undefined) throw new Error('no such passkey')
        const { answered, counter } = await checkAssertion(assertion, known)
        const { rev, ...doc } = { ...known, counter, used_at: now() }
        await store.transaction(async (tx) => {
          await useNonce(tx, answered.nonce, answered.expires)
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
