import type { Exception } from './rule.ts'

const domain = 'the domain is free of frameworks, storage, clock, randomness and environment'

/** Files that are the edge itself, handed to the domain as an argument. */
const edges: readonly Exception[] = [
  ['services/session-encryptor/chunk-folder.ts', 'it is the folder of chunk files itself'],
  ['services/api-gateway/nginx.ts', 'it is the process itself: writes its file, starts it, asks it'],
  ['services/tor-proxy/tor.ts', 'it is the process itself: writes its file, starts it, asks it'],
  ['services/tor-proxy/control.ts', 'it is the connection to the control port itself'],
  ['services/tor-proxy/forward.ts', 'it is the forwarded connection itself'],
  ['services/tor-proxy/onion-folder.ts', 'it is the folder of the key itself'],
  ['services/server-tools/dial.ts', 'it is the connection itself'],
  ['services/server-tools/prepare/disk.ts', 'it is the folder of the host itself'],
  ['services/server-tools/owners/tree.ts', 'it is the tree of a volume itself'],
].map(([file = '', why = '']) => ({ rule: domain, file, why }))

export const exceptions: readonly Exception[] = edges
