import { mkdirSync, mkdtempSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { errorMessage } from '#common/process/error'

/** Where peers are kept between runs: LUCID_PEERS, or the user's cache. */
export const peersFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LUCID_PEERS'] || join(homedir(), '.cache', 'lucid-peers')

/** A new folder in `peers` in which something is made before it is put in its place; `absent` when none can be written there. */
export const workFolder = (
  peers: string,
  name: string,
): { readonly folder: string } | { readonly absent: string } => {
  try {
    mkdirSync(peers, { recursive: true })
    return { folder: mkdtempSync(join(peers, `${name}-new-`)) }
  } catch (error) {
    return { absent: `nothing can be kept in ${peers}: ${errorMessage(error)}` }
  }
}
