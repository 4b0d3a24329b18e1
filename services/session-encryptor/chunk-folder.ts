import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { chunkFileName } from '#common/evidence/chunk-file'
import { errorCode } from '#common/process/error'
import { Fault } from '#common/process/fault'
import { syncFolderAsync } from '#common/process/sync-folder'
import type { DropFromCache } from './page-cache.ts'

/** `<root>/<session>/<index in six digits>.lcd`, written beside, fsynced and renamed: a name holds a whole chunk. */
export type ChunkFolder = {
  /** Writes and fsyncs a chunk under a temporary name. Throws Fault `unavailable` code `disk-full`. */
  readonly stage: (session: string, index: number, epoch: number, parts: readonly Uint8Array[]) => Promise<StagedChunk>
  /** The bytes of a chunk in a fresh buffer. Throws Fault `missing`. */
  readonly read: (session: string, index: number) => Promise<Uint8Array<ArrayBuffer>>
  /** Throws Fault `unavailable` code `disk-full` when there is no room for a recording to begin. */
  readonly requireRoom: () => Promise<void>
  readonly drop: (session: string, index: number) => Promise<void>
  /** Deletes what a crash left half-written. */
  readonly sweep: () => Promise<number>
}

export type StagedChunk = {
  /** Gives the chunk its name; durable when it resolves. */
  readonly commit: () => Promise<void>
  readonly discard: () => Promise<void>
}

const diskFull = (cause?: unknown) =>
  new Fault('unavailable', 'disk-full', 'the disk is full; free space and the recording goes on', {
    cause,
    retryAfter: 5000,
  })

const isDiskFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(errorCode(error))

const writeDurably = async (
  path: string,
  parts: readonly Uint8Array[],
  dropFromCache: DropFromCache,
): Promise<void> => {
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

const sweepParts = async (root: string): Promise<number> => {
  const names = await readdir(root, { recursive: true }).catch(() => [])
  const parts = names.filter((name) => name.endsWith('.part'))
  for (const name of parts) await rm(join(root, name), { force: true })
  return parts.length
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
  const created = new Set<string>()
  const pathOf = (session: string, index: number) => join(root, session, chunkFileName(index))

  /** Makes sure that a further chunk has room and a folder. */
  const prepare = async (bytes: number, session?: string): Promise<void> => {
    await mkdir(root, { recursive: true, mode: 0o700 })
    const { bavail, bsize } = await statfs(root)
    if (bavail * bsize - bytes < freeBytesKept) throw diskFull()
    if (session === undefined || created.has(session)) return
    await mkdir(join(root, session), { recursive: true, mode: 0o700 })
    await syncFolderAsync(root)
    created.add(session)
  }

  return {
    stage: async (session, index, epoch, parts) => {
      await prepare(
        parts.reduce((sum, part) => sum + part.length, 0),
        session,
      )
      const path = pathOf(session, index)
      const staged = `${path}.${epoch}.part`
      try {
        await writeDurably(staged, parts, dropFromCache)
      } catch (error) {
        await rm(staged, { force: true })
        throw isDiskFull(error) ? diskFull(error) : error
      }
      return {
        commit: async () => {
          await rename(staged, path)
          await syncFolderAsync(join(root, session))
        },
        discard: () => rm(staged, { force: true }),
      }
    },
    read: async (session, index) => {
      const file = Bun.file(pathOf(session, index))
      if (!(await file.exists()))
        throw new Fault('missing', 'no-such-chunk', `chunk ${index} of this session is not on disk`)
      return new Uint8Array(await file.arrayBuffer())
    },
    requireRoom: () => prepare(0),
    drop: (session, index) => rm(pathOf(session, index), { force: true }),
    sweep: () => sweepParts(root),
  }
}
