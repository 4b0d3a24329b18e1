import type { FileRecord } from './cache.ts'
import { signature } from './cache.ts'
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
  readonly flush: () => Promise<readonly (readonly [BytePath, FileRecord])[]>
  readonly bytesRead: () => number
}

type Packed = { readonly seen: Seen; readonly offset: number; readonly length: number; readonly sha256: string }

const zeros = Buffer.alloc(PIECE)
const isZeros = (bytes: Uint8Array): boolean => zeros.subarray(0, bytes.length).equals(bytes)

/** What is known of a file once its chunks are named. */
type Remember = (seen: Seen, size: number, sha256: string, pieces: readonly Promise<Piece>[]) => void

/** Packs small files together; answers how many bytes a file had. */
const packer = (writer: ChunkWriter, remember: Remember) => {
  let pack = new Uint8Array(0)
  let filled = 0
  let packed: Packed[] = []

  const close = async (): Promise<void> => {
    if (packed.length === 0) return
    const members = packed
    const { id } = await writer.put(pack.slice(0, filled))
    for (const { seen, offset, length, sha256 } of members)
      remember(seen, length, sha256, [id.then((name) => [name, offset, length] as const)])
    packed = []
    filled = 0
  }

  return {
    close,
    read: async (source: Source, seen: Seen): Promise<number> => {
      if (filled + seen.size > PIECE) await close()
      if (pack.length === 0) pack = new Uint8Array(PIECE)
      // No more than it had when it was looked at: what it grows by is seen in the next pass.
      const room = pack.subarray(filled, filled + seen.size)
      const length = source.read(room)
      const content = room.subarray(0, length)
      const hash = fileHash()
      hash.update(content)
      if (isZeros(content))
        remember(seen, length, hash.digest(), length === 0 ? [] : [Promise.resolve(['', 0, length])])
      else {
        packed.push({ seen, offset: filled, length, sha256: hash.digest() })
        filled += length
      }
      return length
    },
  }
}

/** Cuts a big file into pieces; answers how many bytes it had. */
const readBig = async (
  source: Source,
  seen: Seen,
  { writer, remember }: { readonly writer: ChunkWriter; readonly remember: Remember },
): Promise<number> => {
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
  }
  remember(seen, size, hash.digest(), pieces)
  return size
}

export const fileReader = (tree: Tree, writer: ChunkWriter): FileReader => {
  let found: Promise<readonly [BytePath, FileRecord]>[] = []
  let bytes = 0
  const remember: Remember = (seen, size, sha256, pieces) => {
    const look = signature(seen)
    const one = Promise.all(pieces).then((named) => [seen.path, { look, size, sha256, pieces: named }] as const)
    one.catch(() => {}) // `flush` says so
    found.push(one)
  }
  const small = packer(writer, remember)
  return {
    read: async (seen) => {
      const source = tree.open(seen.path)
      if (source === undefined) return
      try {
        const length = await (seen.size <= SMALL
          ? small.read(source, seen)
          : readBig(source, seen, { writer, remember }))
        bytes += length
      } finally {
        source.close()
      }
    },
    flush: async () => {
      await small.close()
      await writer.drain()
      const all = found
      found = []
      return Promise.all(all)
    },
    bytesRead: () => bytes,
  }
}
