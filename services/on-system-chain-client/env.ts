import { Type } from '@sinclair/typebox'
import { secret, serviceEnv } from '#common/process/env'

export const Env = serviceEnv('on-system-chain-client', {
  PRIVATE_KEY: secret({ description: 'secp256k1 key of the account that the contract lets register sessions' }),
  CONFIRMATIONS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 1000,
    description: 'blocks that must hold an anchor, its own included, before it counts as anchored',
  }),
  POLL_MS: Type.Integer({
    default: 100,
    minimum: 10,
    maximum: 60_000,
    description: 'milliseconds between two readings of the chain while anchors are under way',
  }),
  POLL_IDLE_MS: Type.Integer({
    default: 15_000,
    minimum: 10,
    maximum: 600_000,
    description: 'the same while there are none: only to see whether the chain went back to older data',
  }),
})
