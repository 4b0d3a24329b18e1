import type { Known } from './cache.ts'
import { lookOf } from './cache.ts'
import { fileHash } from './chunk-id.ts'
import type { ChunkWriter } from './chunk-writer.ts'
import { PIECE, SMALL } from './format.ts'
import type { Piece } from './manifest.ts'
import { emptyBuffer } from './own-bytes.ts'
import type { BytePath } from './path-bytes.ts'
import type { Seen, Source, Tree } from './tree.ts'

/** Reads files and stores them: big ones cut into pieces, small ones packed together. */
export type FileReader = {
  /** Reads a file. It is known after the next `flush` at the latest, or never when it is gone. */
  readonly read: (seen: Seen) => Promise<void>
  /** Stores the pack that is not full yet, and answers what became known since the last time. */
  readonly flush: () => Promise<readonly (readonly [BytePath, Known])[]>
  readonly bytesRead: () => number
}

type Packed = {
  readonly seen: Seen
  readonly offset: number
  readonly length: number
  readonly sha256: string
}

const zeros = Buffer.alloc(PIECE)
const isZeros = (bytes: Uint8Array): boolean => zeros.subarray(0, bytes.length).equals(bytes)

export const fileReader = (tree: Tree, writer: ChunkWriter): FileReader => {
  let found: Promise<readonly [BytePath, Known]>[] = []
  let pack = new Uint8Array(0)
  let filled = 0
  let packed: Packed[] = []
  let bytes = 0

  const know = (seen: Seen, size: number, sha256: string, pieces: readonly Promise<Piece>[]): void => {
    const look = lookOf(seen)
    const one = Promise.all(pieces).then(
      (named) => [seen.path, { look, size, sha256, pieces: named }] as const,
    )
    one.catch(() => {}) // `flush` says so
    found.push(one)
  }

  const closePack = async (): Promise<void> => {
    if (packed.length === 0) return
    const members = packed
    const { id } = await writer.put(pack.slice(0, filled))
    for (const { seen, offset, length, sha256 } of members)
      know(seen, length, sha256, [id.then((name) => [name, offset, length] as const)])
    packed = []
    filled = 0
  }

  const readSmall = async (source: Source, seen: Seen): Promise<void> => {
    if (filled + seen.size > PIECE) await closePack()
    if (pack.length === 0) pack = new Uint8Array(PIECE)
    // No more than it had when it was looked at: what it grows by is seen in the next pass.
    const room = pack.subarray(filled, filled + seen.size)
    const length = source.read(room)
    const content = room.subarray(0, length)
    bytes += length
    const hash = fileHash()
    hash.update(content)
    if (isZeros(content))
      return know(seen, length, hash.digest(), length === 0 ? [] : [Promise.resolve(['', 0, length])])
    packed.push({ seen, offset: filled, length, sha256: hash.digest() })
    filled += length
  }

  const readBig = async (source: Source, seen: Seen): Promise<void> => {
    const hash = fileHash()
    const pieces: Promise<Piece>[] = []
    let size = 0
    while (size < seen.size) {
      const buffer = emptyBuffer(Math.min(PIECE, seen.size - size))
      const length = source.read(buffer)
      if (length === 0) break
      const piece = length === buffer.length ? buffer : buffer.slice(0, length)
      hash.update(piece)
      if (isZeros(piece)) pieces.push(Promise.resolve(['', 0, length]))
      else {
        const { id } = await writer.put(piece)
        pieces.push(id.then((name) => [name, 0, length]))
      }
      size += length
      bytes += length
    }
    know(seen, size, hash.digest(), pieces)
  }

  return {
    read: async (seen) => {
      const source = tree.open(seen.path)
      if (source === undefined) return
      try {
        await (seen.size <= SMALL ? readSmall(source, seen) : readBig(source, seen))
      } finally {
        source.close()
      }
    },
    flush: async () => {
      await closePack()
      await writer.drain()
      const all = found
      found = []
      return Promise.all(all)
    },
    bytesRead: () => bytes,
  }
}
