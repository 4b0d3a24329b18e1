import { free } from '../stream/bytes.ts'
import { type Random, seal } from './age.ts'
import type { ChunkNamer } from './chunk-id.ts'
import { ownBytes } from './own-bytes.ts'
import type { Repository } from './repository.ts'

/** zstd's level; what does not shrink is stored raw within the frame by zstd itself (25 bytes a MiB more). */
const LEVEL = 3

/** Compresses and encrypts, for the recipients of a backup. */
export type Sealer = (plain: Uint8Array<ArrayBuffer>) => Promise<readonly Uint8Array[]>

export const sealer =
  (recipients: readonly string[], random: Random): Sealer =>
  async (plain) => {
    const packed = await Bun.zstdCompress(plain, { level: LEVEL })
    return seal(ownBytes(packed), recipients, random)
  }

export type ChunkWriter = {
  /**
   * Names the bytes and stores them unless they are there. Resolves when there is room for more; the name comes when it
   * is known. The buffer is the writer's from now on.
   */
  readonly put: (bytes: Uint8Array<ArrayBuffer>) => Promise<{ readonly id: Promise<string> }>
  /** Waits until all is stored and its names are on disk. Throws what went wrong. */
  readonly drain: () => Promise<void>
  /** How many chunks may be on their way at once; each takes about three times its size. */
  readonly allow: (count: number) => void
  readonly stored: () => { readonly chunks: number; readonly bytes: number }
}

/** Stores chunks a few at a time; a failure shows at the next call. */
export const chunkWriter = (
  repository: Repository,
  { name, seal: sealed, atOnce }: { readonly name: ChunkNamer; readonly seal: Sealer; readonly atOnce: number },
): ChunkWriter => {
  const going = new Set<Promise<void>>()
  const claimed = new Set<string>()
  let limit = atOnce
  let failure: { readonly error: unknown } | undefined
  let [chunks, bytes] = [0, 0]

  const check = (): void => {
    if (failure !== undefined) throw failure.error
  }

  const store = async (naming: Promise<string>, plain: Uint8Array<ArrayBuffer>): Promise<void> => {
    try {
      const id = await naming
      if (repository.has(id) || claimed.has(id)) return
      claimed.add(id)
      bytes += await repository.put(id, await sealed(plain))
      chunks += 1
    } catch (error) {
      failure ??= { error }
    } finally {
      free(plain)
    }
  }

  return {
    put: async (plain) => {
      while (going.size >= limit) await Promise.race(going)
      check()
      const id = name(plain)
      const one = store(id, plain)
      going.add(one)
      void one.then(() => going.delete(one))
      return { id }
    },
    drain: async () => {
      await Promise.all(going)
      check()
      await repository.settle()
    },
    allow: (count) => {
      limit = count
    },
    stored: () => ({ chunks, bytes }),
  }
}
