import { constants, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault, isFault } from '../process/fault.ts'
import { chunkIdOf, chunkPath, indexPath, PART, snapshotFileOf, snapshotPath } from './format.ts'
import { ownBytes } from './own-bytes.ts'
import { readIndex, type SnapshotIndex } from './snapshot-index.ts'

/**
 * The folder of a repository. A name always holds a whole file: it is written beside its place, fsynced and renamed in.
 * A chunk's name is durable after `settle`, a snapshot's at once.
 */
export type Repository = {
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
  readonly names: () => readonly string[]
  /** Undefined when it is not there or not whole. */
  readonly index: (name: string) => SnapshotIndex | undefined
  readonly writeSnapshot: (name: string, manifest: readonly Uint8Array[], index: string) => Promise<void>
  readonly readSnapshot: (name: string) => Promise<Uint8Array<ArrayBuffer>>
  readonly removeSnapshot: (name: string) => Promise<void>
  /** Removes what a killed backup left half-written. */
  readonly sweep: () => void
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

const noRoom = (error: unknown): unknown =>
  ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error))
    ? new Fault(
        'exhausted',
        'repository-full',
        'the repository is full: free space or give another place with --to; earlier backups in it are whole',
        { cause: error },
      )
    : error

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** One call of the system for all parts. What a full disk did not take is written again alone, so that it says so. */
const writeAll = async (file: FileHandle, parts: readonly Uint8Array[]): Promise<void> => {
  const { bytesWritten } = await file.writev([...parts])
  let skip = bytesWritten
  for (const part of parts) {
    if (skip < part.length)
      for (let done = skip; done < part.length; )
        done += (await file.write(part, done, part.length - done)).bytesWritten
    skip = Math.max(0, skip - part.length)
  }
}

const list = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path) : [])

/** Opens a repository, or makes an empty one. `onWrite` is told before each change of the disk, for tests that end there. */
export const openRepository = (
  root: string,
  { onWrite = () => {} }: { readonly onWrite?: (what: string) => void } = {},
): Repository => {
  const at = (path: string) => join(root, path)
  for (const folder of ['chunks', 'snapshots']) mkdirSync(at(folder), { recursive: true, mode: 0o700 })
  const stored = new Set(
    list(at('chunks')).flatMap((part) => list(at(`chunks/${part}`)).flatMap((file) => chunkIdOf(file) ?? [])),
  )
  const touched = new Set<string>()

  const write = async (path: string, parts: readonly Uint8Array[]): Promise<number> => {
    const part = `${at(path)}${PART}`
    try {
      onWrite(`open ${path}`)
      const file = await open(part, 'w', 0o600)
      try {
        onWrite(`write ${path}`)
        await writeAll(file, parts)
        onWrite(`sync ${path}`)
        await file.datasync()
      } finally {
        await file.close()
      }
      onWrite(`rename ${path}`)
      await rename(part, at(path))
      return parts.reduce((sum, { length }) => sum + length, 0)
    } catch (error) {
      await rm(part, { force: true }).catch(() => {})
      throw noRoom(error)
    }
  }

  const read = async (path: string, what: string): Promise<Uint8Array<ArrayBuffer>> => {
    try {
      return ownBytes(await readFile(at(path)))
    } catch (error) {
      if (codeOf(error) === 'ENOENT')
        throw new Fault('missing', 'gone', `${what} is not there`, { cause: error })
      throw new Fault('unavailable', 'unreadable', `${what} cannot be read (${codeOf(error)})`, {
        cause: error,
      })
    }
  }

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
      const size = await write(chunkPath(id), parts)
      touched.add(folder)
      stored.add(id)
      return size
    },
    read: (id) => read(chunkPath(id), 'the chunk'),
    settle: async () => {
      for (const folder of touched) {
        onWrite(`sync ${folder}`)
        await syncFolder(at(folder))
      }
      if (touched.size > 0) await syncFolder(at('chunks'))
      touched.clear()
    },
    removeChunk: async (id) => {
      onWrite(`remove ${chunkPath(id)}`)
      await rm(at(chunkPath(id)), { force: true })
      stored.delete(id)
    },
    names: () =>
      list(at('snapshots'))
        .map(snapshotFileOf)
        .flatMap((file) => (file?.kind === 'age' ? [file.name] : []))
        .sort(),
    index: (name) => {
      try {
        return readIndex(readFileSync(at(indexPath(name)), 'utf8'))
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
        throw error
      }
    },
    writeSnapshot: async (name, manifest, index) => {
      await write(indexPath(name), [Buffer.from(index)])
      await write(snapshotPath(name), manifest)
      onWrite('sync snapshots')
      await syncFolder(at('snapshots'))
    },
    readSnapshot: (name) => read(snapshotPath(name), `the snapshot ${name}`),
    removeSnapshot: async (name) => {
      // The snapshot first: an index alone is nothing, a snapshot alone keeps every chunk.
      for (const path of [snapshotPath(name), indexPath(name)]) {
        onWrite(`remove ${path}`)
        await rm(at(path), { force: true })
        await syncFolder(at('snapshots'))
      }
    },
    sweep: () => {
      const folders = [...list(at('chunks')).map((part) => `chunks/${part}`), 'snapshots']
      const whole = new Set(
        list(at('snapshots')).flatMap((file) => {
          const known = snapshotFileOf(file)
          return known?.kind === 'age' ? [known.name] : []
        }),
      )
      for (const folder of folders)
        for (const file of list(at(folder))) {
          const known = folder === 'snapshots' ? snapshotFileOf(file) : undefined
          const orphan = known?.kind === 'index' && !whole.has(known.name)
          if (file.endsWith(PART) || orphan) rmSync(at(`${folder}/${file}`), { force: true })
        }
    },
  }
}

/** Why a chunk cannot be had, in words. */
export const problemOf = (error: unknown): string =>
  isFault(error) ? error.message : error instanceof Error ? error.message : String(error)
