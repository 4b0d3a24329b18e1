import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Ambient, withStore } from '../../platform/store-env.ts'
import { disposableDatabases } from '../../store/disposable-databases.ts'
import { documentDbRoot, startDocumentDb } from './documentdb/documentdb.ts'
import { TEST_URL } from './mongo/peers.ts'

/** A database that may be killed: `start` brings it back on the same port and data. */
export type Killable = { readonly kill: () => Promise<void>; readonly start: () => Promise<void> }

/** Where a platform under test keeps its documents, for one run. */
export type Place = {
  /** For reports; a stand-in by its own name. */
  readonly name: string
  readonly ambient: Ambient
  /** Its server, where it has one that is ours to kill. */
  readonly database?: Killable
  readonly giveBack: () => Promise<void>
}

/** A kind of place, or why this machine has none. `open` keeps what it needs in a new folder below `folder`. */
export type PlaceKind = { readonly name: string; readonly open: (folder: string) => Promise<Place> }
export type AbsentPlace = { readonly name: string; readonly absent: string }

/** Each service its own file. */
export const sqlitePlace = (ambient: Ambient): PlaceKind => ({
  name: 'bun:sqlite',
  open: async () => ({
    name: 'bun:sqlite',
    ambient: withStore(ambient, undefined),
    giveBack: async () => {},
  }),
})

const documentDb = 'MongoDB driver against DocumentDB'

/** A durable DocumentDB engine of its own, or why there is none. */
export const documentDbPlace = async (ambient: Ambient): Promise<PlaceKind | AbsentPlace> => {
  const root = await documentDbRoot()
  if ('absent' in root) return { name: documentDb, absent: root.absent }
  return {
    name: documentDb,
    open: async (folder) => {
      const data = mkdtempSync(join(folder, 'documentdb-'))
      const engine = await startDocumentDb({ folder: data })
      return {
        name: documentDb,
        ambient: withStore(ambient, engine.url),
        database: engine,
        giveBack: async () => {
          await engine.stop()
          rmSync(data, { recursive: true, force: true })
        },
      }
    },
  }
}

/** A database of its own on the server at `url`, dropped at the end. */
export const serverPlace = (ambient: Ambient, url: string): PlaceKind => ({
  name: 'MongoDB driver against MONGO_URL',
  open: async () => {
    const { server, fresh, drop } = await disposableDatabases(url, 'lucid_test')
    return {
      name: server,
      ambient: withStore(ambient, fresh()),
      giveBack: drop,
    }
  },
})

/** All places with a server: DocumentDB, and the MONGO_URL that `bun run check` was given. */
export const serverPlaces = async (ambient: Ambient): Promise<readonly (PlaceKind | AbsentPlace)[]> => {
  const url = ambient[TEST_URL]
  return [
    await documentDbPlace(ambient),
    url === undefined
      ? { name: 'MongoDB driver against MongoDB', absent: 'no MONGO_URL was given to bun run check' }
      : serverPlace(ambient, url),
  ]
}
