import { Fault } from '../process/fault.ts'
import { fileHash } from './chunk-id.ts'
import type { ChunkReader } from './chunk-reader.ts'
import type { FileEntry } from './manifest.ts'
import { problemOf } from './repository.ts'
import type { Target } from './target.ts'

/** What is wrong with a file, and the id of the chunk whose fault it is; empty when each chunk is whole. */
export type FileFault = { readonly chunk: string; readonly problem: string }

/**
 * Writes a file from its chunks and compares its hash. One that cannot be written right is not left there. Throws when
 * nothing can be read at all: a wrong identity, a repository that is away.
 */
export const restoreFile = async (
  file: FileEntry,
  target: Target,
  reader: ChunkReader,
): Promise<FileFault | undefined> => {
  const sink = target.makeFile(file.path)
  const hash = fileHash()
  const zeros = new Uint8Array(64 * 1024)
  let current = ''
  try {
    for (const [id, offset, length] of file.pieces) {
      current = id
      if (id === '') {
        for (let left = length; left > 0; left -= zeros.length)
          hash.update(zeros.subarray(0, Math.min(left, zeros.length)))
        sink.skip(length)
        continue
      }
      const bytes = await reader.next(id)
      if (offset + length > bytes.length) throw new Fault('invalid', 'short', 'it is shorter than the manifest says')
      const piece = bytes.subarray(offset, offset + length)
      hash.update(piece)
      sink.write(piece)
    }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    if (error.code === 'wrong-identity' || error.kind === 'unavailable') throw error
    sink.close()
    target.remove(file.path)
    return { chunk: current, problem: problemOf(error) }
  }
  sink.close()
  if (hash.digest() === file.sha256) return undefined
  target.remove(file.path)
  return { chunk: '', problem: 'its bytes are not those of the manifest' }
}
