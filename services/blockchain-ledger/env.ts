import { Type } from '@sinclair/typebox'
import { catalog } from '#catalog'
import { readUrls, secret, serviceEnv } from '#common/process/env'

/** The readers of the chain that are asked for the newest block they saw. */
export const witnesses = catalog['blockchain-ledger'].reads

export const Env = serviceEnv('blockchain-ledger', {
  CHAIN_ID: Type.Integer({
    default: 1_819_632_484,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'EVM chain id; fixed for the life of the chain',
  }),
  LEDGER_KEY: secret({ description: 'Ed25519 key that seals blocks; verifiers trust its public key' }),
  REGISTRAR_ADDRESS: Type.String({
    pattern: '^[0-9a-f]{40}$',
    description: 'account that may anchor, 20 bytes of hex: the address of on-system-chain-client’s PRIVATE_KEY',
  }),
  BLOCK_WINDOW_MS: Type.Integer({
    default: 200,
    minimum: 0,
    maximum: 60_000,
    description: 'time to collect transactions into one block',
  }),
  WITNESS_WAIT_MS: Type.Integer({
    default: 30_000,
    minimum: 0,
    maximum: 3_600_000,
    description:
      'longest wait after a start, before the first block, for the readers of the chain to say which block they saw last',
  }),
  ...readUrls('blockchain-ledger'),
})
