import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { errorCode, errorMessage } from '../process/error.ts'
import { isFault } from '../process/fault.ts'
import { chunkIdOf, chunkPath, indexPath, PART, snapshotFileOf, snapshotPath } from './format.ts'
import { readIndex, type SnapshotIndex } from './snapshot-index.ts'
import { noRoom, type OnWrite, type WholeFiles, wholeFiles } from './whole-file.ts'

type Chunks = {
  readonly has: (id: string) => boolean
  readonly ids: () => Iterable<string>
  /** Bytes of a chunk as stored; 0 when it is not there. */
  readonly sizeOf: (id: string) => number
  /** Stores a chunk and answers its size. Throws Fault `exhausted` when there is no room. */
  readonly put: (id: string, parts: readonly Uint8Array[]) => Promise<number>
  /** Throws Fault `missing`. */
  readonly read: (id: string) => Promise<Uint8Array<ArrayBuffer>>
  /** The folders of all chunks since the last time are on disk. */
  readonly settle: () => Promise<void>
  readonly removeChunk: (id: string) => Promise<void>
}

type Snapshots = {
  readonly names: () => readonly string[]
  /** Undefined when it is not there or not whole. */
  readonly index: (name: string) => SnapshotIndex | undefined
  readonly writeSnapshot: (name: string, manifest: readonly Uint8Array[], index: string) => Promise<void>
  readonly readSnapshot: (name: string) => Promise<Uint8Array<ArrayBuffer>>
  readonly removeSnapshot: (name: string) => Promise<void>
}

/** The folder of a repository. A chunk's name is durable after `settle`, a snapshot's at once. */
export type Repository = Chunks &
  Snapshots & {
    /** Removes what a killed backup left half-written. */
    readonly sweep: () => void
  }

const list = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path) : [])

const openChunks = (root: string, files: WholeFiles, onWrite: OnWrite): Chunks => {
  const at = (path: string) => join(root, path)
  const stored = new Set(
    list(at('chunks')).flatMap((part) => list(at(`chunks/${part}`)).flatMap((file) => chunkIdOf(file) ?? [])),
  )
  const touched = new Set<string>()
  return {
    has: (id) => stored.has(id),
    ids: () => [...stored],
    sizeOf: (id) => {
      try {
        return statSync(at(chunkPath(id))).size
      } catch {
        return 0
      }
    },
    put: async (id, parts) => {
      const folder = dirname(chunkPath(id))
      try {
        mkdirSync(at(folder), { recursive: true, mode: 0o700 })
      } catch (error) {
        throw noRoom(error)
      }
      const size = await files.write(chunkPath(id), parts)
      touched.add(folder)
      stored.add(id)
      return size
    },
    read: (id) => files.read(chunkPath(id), 'the chunk'),
    settle: async () => {
      for (const folder of touched) {
        onWrite(`sync ${folder}`)
        await files.syncFolder(folder)
      }
      if (touched.size > 0) await files.syncFolder('chunks')
      touched.clear()
    },
    removeChunk: async (id) => {
      await files.remove(chunkPath(id))
      stored.delete(id)
    },
  }
}

/** Names of the snapshots whose encrypted half is there. */
const snapshotNames = (root: string): readonly string[] =>
  list(join(root, 'snapshots'))
    .map(snapshotFileOf)
    .flatMap((file) => (file?.kind === 'age' ? [file.name] : []))
    .sort()

const openSnapshots = (root: string, files: WholeFiles, onWrite: OnWrite): Snapshots => ({
  names: () => snapshotNames(root),
  index: (name) => {
    try {
      return readIndex(readFileSync(join(root, indexPath(name)), 'utf8'))
    } catch (error) {
      if (errorCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
      throw error
    }
  },
  writeSnapshot: async (name, manifest, index) => {
    await files.write(indexPath(name), [Buffer.from(index)])
    await files.write(snapshotPath(name), manifest)
    onWrite('sync snapshots')
    await files.syncFolder('snapshots')
  },
  readSnapshot: (name) => files.read(snapshotPath(name), `the snapshot ${name}`),
  removeSnapshot: async (name) => {
    // The snapshot first: an index alone is nothing, a snapshot alone keeps every chunk.
    for (const path of [snapshotPath(name), indexPath(name)]) {
      await files.remove(path)
      await files.syncFolder('snapshots')
    }
  },
})

const sweep = (root: string): void => {
  const whole = new Set(snapshotNames(root))
  const folders = [...list(join(root, 'chunks')).map((part) => `chunks/${part}`), 'snapshots']
  for (const folder of folders)
    for (const file of list(join(root, folder))) {
      const snapshot = folder === 'snapshots' ? snapshotFileOf(file) : undefined
      const orphan = snapshot?.kind === 'index' && !whole.has(snapshot.name)
      if (file.endsWith(PART) || orphan) rmSync(join(root, folder, file), { force: true })
    }
}

/** Opens a repository, or makes an empty one. `onWrite` is told before each change of the disk, for tests that end there. */
export const openRepository = (
  root: string,
  { onWrite = () => {} }: { readonly onWrite?: OnWrite } = {},
): Repository => {
  for (const folder of ['chunks', 'snapshots']) mkdirSync(join(root, folder), { recursive: true, mode: 0o700 })
  const files = wholeFiles(root, onWrite)
  return { ...openChunks(root, files, onWrite), ...openSnapshots(root, files, onWrite), sweep: () => sweep(root) }
}

/** Why a chunk cannot be had, in words. */
export const problemOf = (error: unknown): string => (isFault(error) ? error.message : errorMessage(error))
