import type { Stores } from './compose-model.ts'

/** What each service keeps, as its `store.ts` declares it; a test compares the two. */
export const storeCollections: Stores = {
  'blockchain-vm': ['nodes'],
  'blockchain-ledger': ['meta', 'blocks', 'transactions', 'receipts'],
  'blockchain-sessions-data': ['events', 'cursors'],
  'on-system-chain-client': ['jobs'],
  'session-encryptor': ['encryptor_sessions', 'encryptor_chunks', 'encryptor_incidents'],
  'merkle-builder': ['merkle_trees'],
  'session-orchestrator': ['sessions', 'session_signing_keys', 'session_manifests', 'session_audit'],
  'session-recorder': ['recordings'],
}
