import type { Stock } from '#catalog'
import { sampleEntry as entry } from '#common/testing/sample-entry'
import type { Topology } from './endpoints.ts'

const db: Stock = { ...entry, stack: 'core', port: 27017, image: 'db:1' }

/** `keeper` is needed by two, `maker` by nobody, `payer` is on another network. */
export const known: Topology = {
  services: {
    keeper: { ...entry, store: true },
    maker: { ...entry, port: 8091, needs: ['keeper'] },
    payer: { ...entry, port: 8097, networks: ['lucid_wallet_net'] },
  },
  stock: { db },
  clients: { operator: { needs: ['keeper'] } },
  networks: ['lucid_core_net', 'lucid_chain_net'],
  addresses: {},
}
