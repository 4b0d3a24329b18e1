import { requireBlock } from './block-ref.ts'
import { data, quantity, readAddress, readHash, readQuantity } from './quantity.ts'
import type { Upstream } from './upstream.ts'

/** The account of an address after a block. */
export const loadAccount = async (up: Upstream, address: unknown, block: unknown) =>
  up.account(readAddress(address, 'address'), (await requireBlock(up, block)).state_root)

/** The next nonce of an address; only here `pending` is more than the head. */
export const transactionCount = async (up: Upstream, address: unknown, block: unknown) =>
  block === 'pending'
    ? quantity(await up.nextNonce(readAddress(address, 'address')))
    : quantity((await loadAccount(up, address, block)).nonce)

/** A storage key: clients send both the quantity and the padded word. */
const readSlot = (value: unknown): string =>
  typeof value === 'string' && value.length === 66
    ? readHash(value, 'slot')
    : readQuantity(value, 'slot').toString(16).padStart(64, '0')

/** A word of a contract's storage after a block. */
export const loadSlot = async (up: Upstream, address: unknown, slot: unknown, block: unknown) => {
  const word = readSlot(slot)
  return data(await up.slot(readAddress(address, 'address'), word, (await requireBlock(up, block)).state_root))
}
