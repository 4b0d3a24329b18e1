import { Fault } from '../process/fault.ts'

/**
 * Names and limits of a backup repository, version 1. The format to the byte is in scripts/backup/README.md.
 *
 *     chunks/<first two digits>/<id>.age    age(zstd(bytes)), id = HMAC-SHA256(chunk key, bytes) in hex
 *     snapshots/<name>.age                  age(zstd(manifest))
 *     snapshots/<name>.index                plain: what prune and lists need, nothing that was backed up
 */

/** Longest piece of a file, and fullest pack of small files, bytes. */
export const PIECE = 4 * 1024 * 1024

/** Files up to this size share a chunk, bytes. */
export const SMALL = 1024 * 1024

/** Written under this ending, then renamed: what has it is half-written and worth nothing. */
export const PART = '.part'

const CHUNK = /^([0-9a-f]{64})\.age$/
const SNAPSHOT = /^(\d{8}T\d{9}Z-[0-9a-f]{8})\.(age|index)$/

/** The path of a chunk under the repository. */
export const chunkPath = (id: string): string => `chunks/${id.slice(0, 2)}/${id}.age`

/** The id in the name of a chunk's file; undefined when it is none. */
export const chunkIdOf = (file: string): string | undefined => CHUNK.exec(file)?.[1]

export const snapshotPath = (name: string): string => `snapshots/${name}.age`
export const indexPath = (name: string): string => `snapshots/${name}.index`

/** What a file under snapshots/ is; undefined when it is nothing of ours. */
export const snapshotFileOf = (file: string): { readonly name: string; readonly kind: 'age' | 'index' } | undefined => {
  const [, name, kind] = SNAPSHOT.exec(file) ?? []
  return name === undefined ? undefined : { name, kind: kind === 'age' ? 'age' : 'index' }
}

/** The name of a snapshot: when (epoch ms, in UTC to the millisecond) and four random bytes. Names sort by time. */
export const snapshotName = (at: number, draw: Uint8Array): string =>
  `${new Date(at).toISOString().replaceAll(/[-:.]/g, '')}-${draw.toHex().slice(0, 8)}`

/** The time in a snapshot's name, epoch ms. */
export const timeOf = (name: string): number =>
  Date.parse(name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z.*$/, '$1-$2-$3T$4:$5:$6.$7Z'))

/** The one snapshot that `wanted` means: a name, the beginning of one, or `newest`. Throws Fault `missing`. */
export const chooseSnapshot = (names: readonly string[], wanted: string): string => {
  const sorted = names.toSorted()
  const found = wanted === 'newest' ? sorted.slice(-1) : sorted.filter((name) => name.startsWith(wanted))
  const [only, second] = found
  if (only === undefined)
    throw new Fault(
      'missing',
      'no-snapshot',
      sorted.length === 0
        ? 'there is no snapshot here: bun run backup makes one'
        : `no snapshot ${wanted}; there are ${sorted.join(', ')}`,
    )
  if (second !== undefined)
    throw new Fault('invalid', 'which-snapshot', `${wanted} begins the names of ${found.join(', ')}`)
  return only
}
