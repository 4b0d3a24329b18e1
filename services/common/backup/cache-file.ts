import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Cache, cacheLine, type FileRecord, readCache } from './cache.ts'
import type { BytePath } from './path-bytes.ts'

/** The file of a cache. It is not fsynced: a line that is lost costs that a file is read again. */
export type CacheFile = {
  readonly load: () => Cache
  readonly add: (lines: readonly (readonly [BytePath, FileRecord])[]) => void
  readonly replace: (cache: Cache) => void
}

export const cacheFile = (path: string): CacheFile => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const textOf = (lines: Iterable<readonly [BytePath, FileRecord]>) =>
    [...lines].map(([name, one]) => cacheLine(name, one)).join('')
  return {
    load: () => {
      try {
        return readCache(readFileSync(path, 'utf8'))
      } catch {
        return new Map()
      }
    },
    add: (lines) => {
      // The line before may have been cut off.
      if (lines.length > 0) appendFileSync(path, `\n${textOf(lines)}`, { mode: 0o600 })
    },
    replace: (cache) => {
      writeFileSync(`${path}.part`, textOf(cache), { mode: 0o600 })
      renameSync(`${path}.part`, path)
    },
  }
}
