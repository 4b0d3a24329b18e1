import { FLOOR_BASE_FEE, GAS_LIMIT } from './base-fee.ts'
import { EMPTY_ROOT, type Header } from './header.ts'

/** 1 January 2025, 00:00 UTC. Constant, so that the genesis hash depends on chain id and registrar only. */
const GENESIS_TIMESTAMP = 1_735_689_600

/** Header of block 0. `stateRoot` holds the contract and, in it, the registrar. */
export const genesisHeader = (chainId: number, stateRoot: string): Header => ({
  chain_id: chainId,
  number: 0,
  parent_hash: '00'.repeat(32),
  timestamp: GENESIS_TIMESTAMP,
  state_root: stateRoot,
  transactions_root: EMPTY_ROOT,
  receipts_root: EMPTY_ROOT,
  logs_bloom: '00'.repeat(256),
  gas_limit: GAS_LIMIT,
  gas_used: 0,
  base_fee: String(FLOOR_BASE_FEE),
})
