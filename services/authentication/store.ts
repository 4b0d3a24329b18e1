import type { Role } from '#common/people/permissions'
import type { StoreSchema } from '#common/store/schema'
import type { Declaration, Store } from '#common/store/store'
import { factorCollections } from './factor-store.ts'

/**
 * A person: `id` is the TRON address. Access tokens made until `revoked_at` (epoch ms) are void. `restored` = as a backup had
 * it: what was taken away since is not known, so it lets nobody in.
 */
export type AccountDoc = {
  readonly id: string
  readonly roles: readonly Role[]
  readonly status: 'active' | 'closed' | 'restored'
  readonly admin: boolean
  readonly created_at: number
  readonly revoked_at?: number
  /** In lower case; of operators who may sign in by a link. */
  readonly email?: string
}

/** One device of a person, from signing in to its end. `generation` counts its refresh tokens. */
export type SignInDoc = {
  readonly id: string
  readonly address: string
  readonly device: string
  readonly methods: readonly string[]
  readonly created_at: number
  readonly generation: number
  readonly rotated_at: number
  readonly ends_at: number
  readonly ended_at?: number
  readonly end_reason?: string
}

/** A nonce that signed somebody in, until it ends by itself. */
export type UsedNonceDoc = { readonly id: string; readonly expires: number }

export type SigningKeyDoc = {
  readonly id: string
  readonly public_key: string
  readonly wrapped: string
  readonly signs_from: number
  readonly replaced_at?: number
}

/** The one-time code of the first admin, as its hash. */
export type AdminCodeDoc = { readonly id: 'admin'; readonly hash: string; readonly expires: number }

const accounts: Declaration<AccountDoc> = {
  name: 'accounts',
  fields: { status: 'text', admin: 'boolean', created_at: 'integer', revoked_at: 'integer', email: 'text' },
  unique: [['email']],
  indexes: [['admin', 'status'], ['created_at'], ['revoked_at']],
}
const signIns: Declaration<SignInDoc> = {
  name: 'sign_ins',
  fields: { address: 'text', ends_at: 'integer', ended_at: 'integer' },
  indexes: [['address', 'ends_at'], ['ends_at'], ['ended_at']],
}
const nonces: Declaration<UsedNonceDoc> = {
  name: 'used_nonces',
  fields: { expires: 'integer' },
  indexes: [['expires']],
}
const keys: Declaration<SigningKeyDoc> = {
  name: 'signing_keys',
  fields: { signs_from: 'integer' },
  indexes: [['signs_from']],
  secret: true,
}
const codes: Declaration<AdminCodeDoc> = { name: 'admin_codes', fields: {} }

/** All that authentication keeps. */
export const schema: StoreSchema = {
  collections: [accounts, signIns, nonces, keys, codes, ...factorCollections],
  migrations: [],
}

/** The collections of authentication, on a store or inside a transaction of it. */
export const tables = (store: Store) => ({
  accounts: store.collection(accounts),
  signIns: store.collection(signIns),
  nonces: store.collection(nonces),
  keys: store.collection(keys),
  codes: store.collection(codes),
})

/** A stored document without its revision, ready to be replaced. */
export const withoutRevision = <T extends { readonly rev: number }>({ rev: _, ...doc }: T): Omit<T, 'rev'> => doc
