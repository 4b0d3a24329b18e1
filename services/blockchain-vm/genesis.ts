import { Account, Address, KECCAK256_RLP_S } from '@ethereumjs/util'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { fromHex, toHex } from '#common/stream/bytes'

import { lucidAnchors } from '#services/contracts/lucid-anchors'
import type { Genesis, GenesisRequest } from './model.ts'
import { rules } from './rules.ts'
import { type Nodes, openState } from './state.ts'

/** 10^9 coins of 10^18 wei for the registrar: gas here is a brake, not money, and must outlast every anchor. */
export const GENESIS_BALANCE = 10n ** 27n

const REGISTRAR_SLOT = new Uint8Array(32)
const EMPTY = KECCAK256_RLP_S.slice(2)

/** Writes the state before block 1: the anchors contract with the registrar in slot 0, and the registrar's funds. */
export const genesis = async (nodes: Nodes, { chain_id, registrar }: GenesisRequest): Promise<Genesis> => {
  const { manager, keep } = await openState(rules(chain_id), nodes, EMPTY)
  const contract = new Address(fromHex(ANCHORS_ADDRESS, 20))
  await manager.putAccount(contract, new Account(1n)) // nonce 1, as every created contract (EIP-161)
  await manager.putCode(contract, fromHex(lucidAnchors.runtime))
  await manager.putStorage(contract, REGISTRAR_SLOT, fromHex(registrar, 20))
  await manager.putAccount(new Address(fromHex(registrar, 20)), new Account(0n, GENESIS_BALANCE))
  const root = await manager.getStateRoot()
  await keep(root)
  return { state_root: toHex(root) }
}
