import type { Entry } from '#services/catalog'

/** A service of a catalogue that is not there. */
export const sampleEntry: Entry = {
  stack: 'sessions',
  phase: 3,
  summary: 'does one thing',
  port: 8090,
  hostPort: 8090,
  plane: 'chain',
  networks: ['lucid_chain_net'],
  needs: [],
  tolerates: [],
  store: false,
  memoryMiB: 128,
  cpus: 0.5,
  volumes: {},
  image: { base: 'bun', addons: [], packages: [] },
}
