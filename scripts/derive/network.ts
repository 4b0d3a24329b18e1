import type { Network, Stack } from '#catalog'

/** SPEC section 2. The core stack makes the networks; `internal` ones have no way out of the host. */
export const networks: Readonly<Record<Network, { readonly subnet: string; readonly internal?: true }>> = {
  lucid_core_net: { subnet: '172.21.0.0/24' },
  lucid_chain_net: { subnet: '172.22.0.0/24' },
  lucid_rdp_net: { subnet: '172.23.0.0/24' },
  lucid_wallet_net: { subnet: '172.26.0.0/24', internal: true },
}

/** The one way out of the wallet's network, so it is there for whoever comes (SPEC section 2). */
export const wayOut: { readonly service: string; readonly network: Network } = {
  service: 'tor-proxy',
  network: 'lucid_wallet_net',
}

/** The stack that makes the networks, because it is started first and ends last. */
export const networkStack: Stack = 'core'

/** SPEC section 2: the only named volumes there are. */
export const volumes: readonly string[] = [
  'lucid_core_mongo_data',
  'lucid_core_tor_data',
  'lucid_core_onion_state',
  'lucid_sessions_data',
  'lucid_encrypted_data',
  'lucid_chain_data',
  'lucid_contract_data',
  'lucid_deployment_temp',
  'lucid_rdp_sessions',
  'lucid_rdp_recordings',
  'lucid_rdp_temp',
]

/** Memory limits of all stacks together, bytes: 6.5 GB of the Pi's 8. */
export const MEMORY_BUDGET = 6.5e9
