import type { Declaration, Store } from '#common/store/store'

/** An authenticator app, by the address of its account. `step` is the last one used; times are epoch ms. */
export type TotpDoc = {
  readonly id: string
  readonly wrapped: string
  readonly confirmed: boolean
  readonly step: number
  readonly recovery: readonly string[]
  readonly failures: number
  readonly locked_until: number
}

/** A magic link that was sent, by the hash of its token. */
export type LinkDoc = { readonly id: string; readonly address: string; readonly expires_at: number }

/** A passkey, by its credential id (base64url). */
export type PasskeyDoc = {
  readonly id: string
  readonly address: string
  readonly name: string
  readonly public_key: string
  readonly counter: number
  readonly created_at: number
  readonly used_at?: number
}

/** A key on a hardware wallet, by `account/address`. */
export type HardwareKeyDoc = {
  readonly id: string
  readonly account: string
  readonly address: string
  readonly name: string
  readonly created_at: number
}

const totp: Declaration<TotpDoc> = { name: 'totp', fields: {} }
const links: Declaration<LinkDoc> = {
  name: 'magic_links',
  fields: { address: 'text', expires_at: 'integer' },
  indexes: [['address'], ['expires_at']],
}
const passkeys: Declaration<PasskeyDoc> = { name: 'passkeys', fields: { address: 'text' }, indexes: [['address']] }
const hardwareKeys: Declaration<HardwareKeyDoc> = {
  name: 'hardware_keys',
  fields: { account: 'text' },
  indexes: [['account']],
}

/** What the factors of signing in keep. */
export const factorCollections = [totp, links, passkeys, hardwareKeys]

/** The collections of the factors, on a store or inside a transaction of it. */
export const factorTables = (store: Store) => ({
  totp: store.collection(totp),
  links: store.collection(links),
  passkeys: store.collection(passkeys),
  hardwareKeys: store.collection(hardwareKeys),
})

/** Takes every factor of an account away, in a transaction: it comes in by its TRON key alone again. */
export const forgetFactors = async (tx: Store, address: string): Promise<void> => {
  const own = factorTables(tx)
  await own.totp.remove(address)
  for (const { id } of await own.links.find({ where: { address } })) await own.links.remove(id)
  for (const { id } of await own.passkeys.find({ where: { address } })) await own.passkeys.remove(id)
  for (const { id } of await own.hardwareKeys.find({ where: { account: address } })) await own.hardwareKeys.remove(id)
}
