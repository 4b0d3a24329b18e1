import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { disposableDatabases } from '../../../store/disposable-databases.ts'
import { documentDbRoot, startDocumentDb } from '../documentdb/documentdb.ts'

/** A server for the tests of the MongoDB driver, with as many empty databases as they want. */
export type MongoServer = {
  /** The URL of a database that nobody else has, removed at `stop`. */
  readonly fresh: () => string
  readonly stop: () => Promise<void>
}

/** A kind of server. `name` says in reports what it is. */
export type MongoPeer = { readonly name: string; readonly start: () => Promise<MongoServer> }
export type AbsentPeer = { readonly name: string; readonly absent: string }

/** Where `bun run check` hands on the MONGO_URL it was given: services of other tests must not use that. */
export const TEST_URL = 'LUCID_TEST_MONGO_URL'

const documentDb: MongoPeer = {
  name: 'MongoDB driver against DocumentDB',
  start: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'lucid-mongo-'))
    const engine = await startDocumentDb({ folder })
    return {
      fresh: (await disposableDatabases(engine.url, 'lucid_test')).fresh,
      stop: async () => {
        await engine.stop()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  },
}

const given = (url: string): MongoPeer => ({
  name: 'MongoDB driver against MONGO_URL',
  start: async () => {
    const { fresh, drop } = await disposableDatabases(url, 'lucid_test')
    return { fresh, stop: drop }
  },
})

/** All servers the driver is tested against, and those that this machine does not have. */
export const mongoPeers = async (
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly (MongoPeer | AbsentPeer)[]> => {
  const root = await documentDbRoot()
  const url = env[TEST_URL]
  return [
    'absent' in root ? { name: documentDb.name, absent: root.absent } : documentDb,
    url === undefined
      ? { name: 'MongoDB driver against MongoDB', absent: 'no MONGO_URL was given to bun run check' }
      : given(url),
  ]
}
