import type { Network, Stack } from '#catalog'

/**
 * A network of Docker's. `internal`: no way out of the host, and no port of its containers can be published. `unrouted`:
 * ports can be, but what its containers send out keeps their own address, so that nothing from outside answers.
 */
export type Net = { readonly subnet: string; readonly internal?: true; readonly unrouted?: true }

/** Docker's option of a network that is `unrouted`. */
export const UNROUTED = { 'com.docker.network.bridge.enable_ip_masquerade': 'false' } as const

/**
 * SPEC section 2, and two more: the database and those who keep documents, the key holder and those who call it. The core
 * stack makes the networks.
 */
export const networks: Readonly<Record<Network, Net>> = {
  lucid_core_net: { subnet: '172.21.0.0/24' },
  lucid_chain_net: { subnet: '172.22.0.0/24' },
  lucid_keys_net: { subnet: '172.24.0.0/24', unrouted: true },
  lucid_store_net: { subnet: '172.25.0.0/24', unrouted: true },
  lucid_rdp_net: { subnet: '172.23.0.0/24' },
  lucid_wallet_net: { subnet: '172.26.0.0/24', internal: true },
}

/** The one way out of the wallet's network, so it is there for whoever comes (SPEC section 2). */
export const wayOut: { readonly service: string; readonly network: Network } = {
  service: 'tor-proxy',
  network: 'lucid_wallet_net',
}

/** It holds the keys of all sessions, so none of its networks has a way out. */
export const keyHolder = 'session-encryptor'

/** The stack that makes the networks, because it is started first and ends last. */
export const networkStack: Stack = 'core'

/** The only named volumes there are: SPEC section 2, and that of the public API, which shall not see what others keep. */
export const volumes: readonly string[] = [
  'lucid_core_mongo_data',
  'lucid_core_api_data',
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
