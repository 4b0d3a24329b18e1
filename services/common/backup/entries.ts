import type { FileRecord } from './cache.ts'
import type { Entry } from './manifest.ts'
import { type BytePath, unitOf } from './path-bytes.ts'
import type { Seen } from './tree.ts'

/** One file whatever its names, within a unit: hard links into another unit are files of their own. */
export const fileIdentity = ({ path, inode }: Seen, units: readonly BytePath[]): string =>
  `${unitOf(path, units)}\n${inode}`

const toEntry = (seen: Seen, record: FileRecord | undefined, first: BytePath | undefined): readonly Entry[] => {
  const { path, mode, uid, gid, kind } = seen
  const meta = { path, mode, uid, gid, mtime: String(seen.mtime) }
  if (kind === 'folder') return [{ ...meta, type: 'folder' }]
  if (kind === 'symlink') return [{ ...meta, type: 'symlink', target: seen.target ?? '' }]
  if (kind === 'other') return []
  if (first !== undefined) return [{ ...meta, type: 'link', target: first }]
  if (record === undefined) return []
  const { size, sha256, pieces } = record
  return [{ ...meta, type: 'file', size, sha256, pieces }]
}

/** Everything as it stands in a manifest; a second name of a file is a link to the first within a unit. */
export const listEntries = (
  all: readonly Seen[],
  records: ReadonlyMap<BytePath, FileRecord>,
  units: readonly BytePath[],
): readonly Entry[] => {
  const first = new Map<string, BytePath>()
  return all.flatMap((seen) => {
    if (seen.kind !== 'file' || seen.names < 2) return toEntry(seen, records.get(seen.path), undefined)
    const file = fileIdentity(seen, units)
    const earlier = first.get(file)
    if (earlier === undefined) first.set(file, seen.path)
    return toEntry(seen, records.get(seen.path), earlier)
  })
}
