import { type Cache, type FileRecord, isSettledBefore, signature } from './cache.ts'
import type { CacheFile } from './cache-file.ts'
import { fileIdentity } from './entries.ts'
import type { FileReader } from './file-reader.ts'
import type { BytePath } from './path-bytes.ts'
import type { Repository } from './repository.ts'
import type { Seen } from './tree.ts'

export type Progress = {
  readonly phase: 'reading' | 'frozen' | 'storing'
  readonly files: number
  readonly of: number
  readonly bytes: number
}

/** Files are known for good, and a killed backup need not read them again, after so many bytes. */
const FLUSH = 256 * 1024 * 1024

type Parts = {
  readonly reader: FileReader
  readonly repository: Repository
  readonly cache: CacheFile
  readonly units: readonly BytePath[]
  /** A file that changed later, ns, may change again without looking different. */
  readonly bound: bigint
  readonly say: (progress: Progress) => void
}

/** Reads files, and remembers by path what is known of each. */
export type Scan = {
  readonly records: Map<BytePath, FileRecord>
  /** Reads what is not in `before` as it looks now, or whose look cannot be trusted; answers how many files that were. */
  readonly pass: (files: readonly Seen[], before: Cache, phase: Progress['phase']) => Promise<number>
  /** Takes in what was read last. */
  readonly finish: () => Promise<void>
}

/** The first name of each file: its other names are links to it. */
const firstNames = (files: readonly Seen[], units: readonly BytePath[]): readonly Seen[] => {
  const seenBefore = new Set<string>()
  return files.filter((seen) => {
    if (seen.names < 2) return true
    const file = fileIdentity(seen, units)
    if (seenBefore.has(file)) return false
    seenBefore.add(file)
    return true
  })
}

export const openScan = ({ reader, repository, cache, units, bound, say }: Parts): Scan => {
  const records = new Map<BytePath, FileRecord>()
  const isStored = ({ pieces }: FileRecord): boolean => pieces.every(([id]) => id === '' || repository.has(id))
  const isCurrent = (record: FileRecord | undefined, seen: Seen): record is FileRecord =>
    record !== undefined && record.look === signature(seen) && isSettledBefore(record.look, bound) && isStored(record)
  const learn = async (): Promise<void> => {
    const lines = await reader.flush()
    for (const [path, record] of lines) records.set(path, record)
    cache.add(lines.filter(([, { look }]) => isSettledBefore(look, bound)))
  }
  return {
    records,
    pass: async (files, before, phase) => {
      let [read, flushed] = [0, 0]
      const chosen = firstNames(files, units)
      for (const [at, seen] of chosen.entries()) {
        const record = before.get(seen.path)
        if (isCurrent(record, seen)) {
          records.set(seen.path, record)
          continue
        }
        records.delete(seen.path)
        await reader.read(seen)
        read += 1
        say({ phase, files: at + 1, of: chosen.length, bytes: reader.bytesRead() })
        if (phase === 'reading' && reader.bytesRead() - flushed > FLUSH) {
          flushed = reader.bytesRead()
          await learn()
        }
      }
      if (phase === 'reading') await learn()
      return read
    },
    finish: async () => {
      for (const [path, record] of await reader.flush()) records.set(path, record)
    },
  }
}
