import { homedir } from 'node:os'
import { join } from 'node:path'

/** Where peers are kept between runs: LUCID_PEERS, or the user's cache. */
export const peersFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LUCID_PEERS'] || join(homedir(), '.cache', 'lucid-peers')
