import { Fault } from '../process/fault.ts'
import { unseal } from './age.ts'
import type { ChunkNamer } from './chunk-id.ts'
import { ownBytes } from './own-bytes.ts'
import type { Repository } from './repository.ts'

/** Reads chunks in an order that is known before: the next ones are read and decrypted while one is used. */
export type ChunkReader = {
  /** The bytes of the chunk that is next in the order. Throws Fault that says what is wrong with it. */
  readonly next: (id: string) => Promise<Uint8Array<ArrayBuffer>>
  readonly bytesRead: () => number
}

const AHEAD = 4
/** Chunks that were used and may be used again soon: packs of small files. */
const REMEMBERED = 4

type Secrets = { readonly name: ChunkNamer; readonly identities: readonly string[] }

const unpacked = async (
  repository: Repository,
  id: string,
  { name, identities }: Secrets,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly stored: number }> => {
  const stored = await repository.read(id)
  const packed = await unseal(stored, identities)
  const bytes = await Bun.zstdDecompress(packed).then(ownBytes, (error: unknown) => {
    throw new Fault('invalid', 'damaged', 'it is no zstd frame', { cause: error })
  })
  if ((await name(bytes)) !== id) throw new Fault('invalid', 'other-chunk', 'it holds the bytes of another chunk')
  return { bytes, stored: stored.length }
}

/** `order`: the ids in the order of use, one after the other once. */
export const chunkReader = (repository: Repository, order: readonly string[], secrets: Secrets): ChunkReader => {
  const loaded = new Map<string, Promise<Uint8Array<ArrayBuffer>>>()
  let at = 0
  let bytes = 0

  const begin = (id: string): Promise<Uint8Array<ArrayBuffer>> => {
    const one = unpacked(repository, id, secrets).then((read) => {
      bytes += read.stored
      return read.bytes
    })
    one.catch(() => {}) // whoever waits for it hears of it
    loaded.set(id, one)
    return one
  }

  return {
    next: (id) => {
      if (order[at] !== id) at = Math.max(0, order.indexOf(id, at))
      const chunk = loaded.get(id) ?? begin(id)
      loaded.delete(id)
      loaded.set(id, chunk)
      for (const coming of order.slice(at + 1, at + 1 + AHEAD)) if (!loaded.has(coming)) begin(coming)
      for (const old of loaded.keys()) {
        if (loaded.size <= AHEAD + REMEMBERED + 1) break
        loaded.delete(old)
      }
      at += 1
      return chunk
    },
    bytesRead: () => bytes,
  }
}
