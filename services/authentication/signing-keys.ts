import { ed25519 } from '@noble/curves/ed25519.js'
import { type Random, unwrapKey, wrapKey } from '#common/engines/key-wrap'
import { ACCESS_LIFETIME_S, importSigningKey, type SigningKey } from '#common/people/access-token'
import type { Jwks } from '#common/people/sign-ins'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import { utf8 } from '#common/stream/bytes'
import { type SigningKeyDoc, tables } from './store.ts'

const PURPOSE = 'access-token-signing'
/** Verifiers hear of a key before tokens are signed with it, and after the last of them has ended; ms. */
const ANNOUNCED = 10_000
const RETIRED_FOR = (ACCESS_LIFETIME_S + 60) * 1000
/** As many as `Jwks` has room for: with more of them nobody could be told of any. */
const MOST_KEYS = 16

export type SigningKeys = {
  /** The key that signs now. */
  readonly current: () => Promise<SigningKey>
  /** The public keys of all tokens that may still live. */
  readonly jwks: () => Promise<Jwks>
  /** Makes a new key; it signs once verifiers know it. Answers its id. Throws Fault exhausted `too-many-keys`. */
  readonly rotate: () => Promise<string>
}

type Parts = { readonly store: Store; readonly wrap: Uint8Array; readonly random: Random; readonly now: () => number }

const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url')

const publicJwk = ({ id, public_key }: SigningKeyDoc) => ({
  kty: 'OKP' as const,
  crv: 'Ed25519' as const,
  x: base64url(Uint8Array.fromHex(public_key)),
  alg: 'EdDSA' as const,
  use: 'sig' as const,
  kid: id,
})

/** The keys of access tokens, kept wrapped; the newest signs, those before stay published while their tokens live. */
export const signingKeys = ({ store, wrap, random, now }: Parts): SigningKeys => {
  const opened = new Map<string, Promise<SigningKey>>()

  const open = ({ id, wrapped, public_key }: SigningKeyDoc): Promise<SigningKey> => {
    const known = opened.get(id)
    if (known !== undefined) return known
    const seed = unwrapKey(wrap, { purpose: PURPOSE, id: utf8(id) }, Uint8Array.fromHex(wrapped))
    const key = importSigningKey(id, { seed, publicKey: Uint8Array.fromHex(public_key) })
    opened.set(id, key)
    return key
  }

  const make = async (tx: Store, at: number) => {
    const seed = random(32)
    const id = random(8).toHex()
    const wrapped = wrapKey(wrap, { purpose: PURPOSE, id: utf8(id) }, seed, random).toHex()
    return tables(tx).keys.insert({ id, public_key: ed25519.getPublicKey(seed).toHex(), wrapped, signs_from: at })
  }

  /** Newest first; the first one is made when there is none. Those whose tokens have ended are destroyed. */
  const all = async (): Promise<readonly SigningKeyDoc[]> => {
    const found = await tables(store).keys.find({ sort: [['signs_from', 'desc']] })
    if (found.length > 0) return found
    return store.transaction(async (tx) => {
      const there = await tables(tx).keys.find({ sort: [['signs_from', 'desc']] })
      return there.length > 0 ? there : [await make(tx, now())]
    })
  }

  return {
    current: async () => {
      const docs = await all()
      const doc = docs.find(({ signs_from }) => signs_from <= now()) ?? docs.at(-1)
      if (doc === undefined) throw new Error('there is no signing key')
      return open(doc)
    },
    jwks: async () => ({ keys: (await all()).map(publicJwk) }),
    rotate: () =>
      store.transaction(async (tx) => {
        const { keys } = tables(tx)
        const [newest, ...older] = await keys.find({ sort: [['signs_from', 'desc']] })
        for (const { id, replaced_at } of older)
          if (replaced_at !== undefined && replaced_at + RETIRED_FOR < now()) await keys.remove(id)
        if ((await keys.count()) >= MOST_KEYS)
          throw new Fault(
            'exhausted',
            'too-many-keys',
            'keys were changed too often: older ones go when their last tokens have ended',
            { retryAfter: RETIRED_FOR },
          )
        const made = await make(tx, now() + ANNOUNCED)
        if (newest !== undefined) {
          const { rev, ...doc } = newest
          await keys.replace({ ...doc, replaced_at: made.signs_from }, rev)
        }
        return made.id
      }),
  }
}
