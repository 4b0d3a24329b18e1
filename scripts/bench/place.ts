import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { startDocumentDb } from '../peers/documentdb/documentdb.ts'
import { type Ambient, withStore } from '../plan/store-env.ts'
import { throwaway } from '../store/throwaway.ts'

/** Where a platform under test keeps its documents, for one run. */
export type Place = {
  /** For reports; a stand-in by its own name. */
  readonly name: string
  readonly ambient: Ambient
  readonly giveBack: () => Promise<void>
}

const onDocumentDb = async (ambient: Ambient, folder: string): Promise<Place> => {
  const root = mkdtempSync(join(folder, 'documentdb-'))
  const peer = await startDocumentDb({ folder: root })
  return {
    name: 'MongoDB driver against DocumentDB',
    ambient: withStore(ambient, peer.url),
    giveBack: async () => {
      await peer.stop()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/**
 * `sqlite`: each service its own file. `documentdb`: a peer that is started for it. Else the URL of a server, on
 * which it gets a database of its own that is dropped at the end. Throws CliError or Fault when it cannot be had.
 */
export const placeFor = async (what: string, ambient: Ambient, folder: string): Promise<Place> => {
  if (what === 'sqlite')
    return { name: 'bun:sqlite', ambient: withStore(ambient, undefined), giveBack: async () => {} }
  if (what === 'documentdb') return onDocumentDb(ambient, folder)
  const { engine, fresh, drop } = await throwaway(what, 'lucid_bench')
  return { name: `MongoDB driver against ${engine}`, ambient: withStore(ambient, fresh()), giveBack: drop }
}
