import { Address } from '@ethereumjs/util'
import { fromHex, toHex } from '#common/stream/bytes'
import type { Account, StorageSlot } from './model.ts'
import { rules } from './rules.ts'
import { type Nodes, openState } from './state.ts'

/** Keccak-256 of no code: what an account without any has. */
const NO_CODE = 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'

/** Accounts look the same under every chain id; @ethereumjs only wants to be told one. */
const ANY_CHAIN = 1

const open = async (nodes: Nodes, stateRoot: string) => {
  const { manager } = await openState(rules(ANY_CHAIN), nodes, stateRoot)
  return manager
}

/** An account in the state under `stateRoot`; one that was never used has nonce 0 and balance 0. */
export const account = async (nodes: Nodes, stateRoot: string, address: string): Promise<Account> => {
  const manager = await open(nodes, stateRoot)
  const at = new Address(fromHex(address, 20))
  const found = await manager.getAccount(at)
  return {
    address,
    nonce: Number(found?.nonce ?? 0n),
    balance: String(found?.balance ?? 0n),
    code_hash: found ? toHex(found.codeHash) : NO_CODE,
    code: toHex(await manager.getCode(at)),
  }
}

/** One storage slot (32 bytes of hex) of a contract, zero when it was never written. */
export const storageSlot = async (
  nodes: Nodes,
  stateRoot: string,
  address: string,
  slot: string,
): Promise<StorageSlot> => {
  const manager = await open(nodes, stateRoot)
  const value = await manager.getStorage(new Address(fromHex(address, 20)), fromHex(slot, 32))
  return { value: toHex(value).padStart(64, '0') }
}
