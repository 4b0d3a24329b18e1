import { sampleEntry as entry } from '#common/testing/sample-entry'
import type { SecretKeys, Services } from './compose.ts'
import type { Stores } from './compose-model.ts'

/** A small catalogue that has everything in it: a profile, a tolerated need, two stacks, the wallet's network. */
export const services: Services = {
  keeper: { ...entry, volumes: { lucid_sessions_data: '/data' } },
  maker: { ...entry, port: 8091, hostPort: 8091, needs: ['keeper', 'soft', 'late', 'payer'], tolerates: ['soft'] },
  soft: { ...entry, port: 8093, hostPort: 8093 },
  late: { ...entry, port: 8092, hostPort: 8092, needs: ['keeper'], profile: 'recording' },
  payer: {
    ...entry,
    stack: 'blockchain',
    port: 8097,
    hostPort: 8097,
    plane: 'wallet',
    networks: ['lucid_wallet_net', 'lucid_chain_net'],
  },
}

export const secretKeys: SecretKeys = { keeper: ['IDENTITY_KEY', 'MASTER_KEY'], maker: ['IDENTITY_KEY'] }

export const stores: Stores = { maker: ['things'] }
