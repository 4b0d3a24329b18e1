import { constants } from 'node:fs'
import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { chunkFileName } from '#common/evidence/chunk-file'
import { errorCode } from '#common/process/error'
import { Fault } from '#common/process/fault'
import type { DropFromCache } from './page-cache.ts'

/**
 * The encrypted chunks on disk: `<root>/<session>/<index in six digits>.lcd`. A chunk is written beside its
 * place, fsynced, renamed in and its directory entry fsynced, so a name always holds a whole chunk.
 */
export type ChunkFolder = {
  /** Writes and fsyncs a chunk under a temporary name. Throws Fault `unavailable` code `disk-full`. */
  readonly stage: (
    session: string,
    index: number,
    epoch: number,
    parts: readonly Uint8Array[],
  ) => Promise<Staged>
  /** The bytes of a chunk in a fresh buffer. Throws Fault `missing`. */
  readonly read: (session: string, index: number) => Promise<Uint8Array<ArrayBuffer>>
  /** Throws Fault `unavailable` code `disk-full` when there is no room for a recording to begin. */
  readonly demandRoom: () => Promise<void>
  /** Deletes a chunk that no record names; none is no error. */
  readonly drop: (session: string, index: number) => Promise<void>
  /** Deletes what a crash left half-written. */
  readonly sweep: () => Promise<number>
}

export type Staged = {
  /** Gives the chunk its name; durable when it resolves. */
  readonly keep: () => Promise<void>
  readonly discard: () => Promise<void>
}

const full = (cause?: unknown) =>
  new Fault('unavailable', 'disk-full', 'the disk is full; free space and the recording goes on', {
    cause,
    retryAfter: 5000,
  })

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error))

const syncFolder = async (path: string): Promise<void> => {
  // Windows cannot open a folder for fsync; NTFS journals its directory entries.
  if (process.platform === 'win32') return
  const folder = await open(path, constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Chunks under `root`; refuses to write when less than `freeBytesKept` would stay free. */
export const chunkFolder = ({
  root,
  freeBytesKept,
  dropFromCache = () => {},
}: {
  readonly root: string
  readonly freeBytesKept: number
  readonly dropFromCache?: DropFromCache
}): ChunkFolder => {
  const made = new Set<string>()

  const folderOf = async (session: string): Promise<string> => {
    const path = join(root, session)
    if (made.has(session)) return path
    await mkdir(path, { recursive: true, mode: 0o700 })
    await syncFolder(root)
    made.add(session)
    return path
  }

  const checkSpace = async (bytes: number): Promise<void> => {
    const { bavail, bsize } = await statfs(root)
    if (bavail * bsize - bytes < freeBytesKept) throw full()
  }

  const write = async (path: string, parts: readonly Uint8Array[]): Promise<void> => {
    const file = await open(path, 'w', 0o600)
    try {
      for (const part of parts) {
        let at = 0
        while (at < part.length) at += (await file.write(part, at, part.length - at)).bytesWritten
      }
      await file.datasync()
      dropFromCache(file.fd)
    } finally {
      await file.close()
    }
  }

  return {
    stage: async (session, index, epoch, parts) => {
      await mkdir(root, { recursive: true, mode: 0o700 })
      await checkSpace(parts.reduce((sum, part) => sum + part.length, 0))
      const folder = await folderOf(session)
      const place = join(folder, chunkFileName(index))
      const staged = `${place}.${epoch}.part`
      try {
        await write(staged, parts)
      } catch (error) {
        await rm(staged, { force: true })
        throw isFull(error) ? full(error) : error
      }
      return {
        keep: async () => {
          await rename(staged, place)
          await syncFolder(dirname(place))
        },
        discard: () => rm(staged, { force: true }),
      }
    },
    read: async (session, index) => {
      const file = Bun.file(join(root, session, chunkFileName(index)))
      if (!(await file.exists()))
        throw new Fault('missing', 'no-such-chunk', `chunk ${index} of this session is not on disk`)
      return new Uint8Array(await file.arrayBuffer())
    },
    demandRoom: async () => {
      await mkdir(root, { recursive: true, mode: 0o700 })
      await checkSpace(0)
    },
    drop: (session, index) => rm(join(root, session, chunkFileName(index)), { force: true }),
    sweep: async () => {
      const names = await readdir(root, { recursive: true }).catch(() => [])
      const halves = names.filter((name) => name.endsWith('.part'))
      for (const name of halves) await rm(join(root, name), { force: true })
      return halves.length
    },
  }
}
