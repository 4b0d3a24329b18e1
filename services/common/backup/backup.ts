import { fromHex, utf8 } from '../stream/bytes.ts'
import type { Random } from './age.ts'
import { type Cache, type Known, lookOf, settledBefore } from './cache.ts'
import type { CacheFile } from './cache-file.ts'
import { chunkNamer, keyName } from './chunk-id.ts'
import { chunkWriter, sealer } from './chunk-writer.ts'
import { fileReader } from './file-reader.ts'
import { snapshotName } from './format.ts'
import { chunksOf, type Entry, manifestText } from './manifest.ts'
import { type BytePath, shownPath, unitOf } from './path-bytes.ts'
import { type Keep, kept, unreferenced } from './prune.ts'
import type { Repository } from './repository.ts'
import { indexText } from './snapshot-index.ts'
import type { Seen, Tree } from './tree.ts'

/** What to back up, and for whom. */
export type BackupJob = {
  /** age X25519 recipients. */
  readonly recipients: readonly string[]
  /** 32 bytes, hex. */
  readonly chunkKey: string
  readonly host: string
  readonly tag: string | null
  readonly keep: Keep
  readonly forget: readonly string[]
}

export type BackupReport = {
  readonly name: string
  readonly at: number
  readonly key: string
  readonly tag: string | null
  readonly files: number
  readonly bytes: number
  readonly read_bytes: number
  readonly new_chunks: number
  readonly new_bytes: number
  /** Files that had changed since they were read, and were read again while everything stood still. */
  readonly read_frozen: number
  readonly frozen_ms: number
  /** Sockets, pipes and devices: what is no data. */
  readonly left_out: readonly string[]
  readonly pruned: Pruned
}

export type Pruned = {
  readonly snapshots: readonly string[]
  readonly chunks: number
  readonly bytes: number
  /** Snapshots without a whole index: as long as there is one, no chunk is removed. */
  readonly without_index: readonly string[]
}

export type BackupParts = {
  readonly tree: Tree
  readonly repository: Repository
  readonly cache: CacheFile
  /** Makes everything stand still; resolves when it does. */
  readonly freeze: () => Promise<void>
  /** Lets everything go on; answers how long it stood still, ms. Throws when it did not stand still all the time. */
  readonly thaw: () => Promise<number>
  readonly now: () => number
  readonly random: Random
  readonly say?: (progress: Progress) => void
}

export type Progress = {
  readonly phase: 'reading' | 'frozen' | 'storing'
  readonly files: number
  readonly of: number
  readonly bytes: number
}

const AT_ONCE = 4
/** While frozen, chunks wait in memory for their turn so that reading need not: 64 MiB. */
const AT_ONCE_FROZEN = 16
/** Files are known for good, and a killed backup need not read them again, after so many bytes. */
const FLUSH = 256 * 1024 * 1024
/** A file that changed so shortly before it was looked at may change again without looking different, ns. */
const RACY = 2_000_000_000n

const isFile = ({ kind }: Seen): boolean => kind === 'file'
const walkAll = (tree: Tree, units: readonly BytePath[]): readonly Seen[] => units.flatMap(tree.walk)

const entryOf = (seen: Seen, known: Known | undefined, first: BytePath | undefined): readonly Entry[] => {
  const { path, mode, uid, gid, kind } = seen
  const meta = { path, mode, uid, gid, mtime: String(seen.mtime) }
  if (kind === 'folder') return [{ ...meta, type: 'folder' }]
  if (kind === 'symlink') return [{ ...meta, type: 'symlink', target: seen.target ?? '' }]
  if (kind === 'other') return []
  if (first !== undefined) return [{ ...meta, type: 'link', target: first }]
  if (known === undefined) return []
  const { size, sha256, pieces } = known
  return [{ ...meta, type: 'file', size, sha256, pieces }]
}

/** Everything as it stands in a manifest; a second name of a file is a link to the first within a unit. */
const entriesOf = (
  all: readonly Seen[],
  known: ReadonlyMap<BytePath, Known>,
  units: readonly BytePath[],
): readonly Entry[] => {
  const first = new Map<string, BytePath>()
  return all.flatMap((seen) => {
    if (!isFile(seen) || seen.names < 2) return entryOf(seen, known.get(seen.path), undefined)
    const file = `${unitOf(seen.path, units)}\n${seen.inode}`
    const earlier = first.get(file)
    if (earlier === undefined) first.set(file, seen.path)
    return entryOf(seen, known.get(seen.path), earlier)
  })
}

/** Removes snapshots that are not to be kept, and then what no snapshot needs. */
export const prune = async (
  repository: Repository,
  keep: Keep,
  forget: readonly string[],
): Promise<Pruned> => {
  const snapshots = repository.names().map((name) => ({ name, index: repository.index(name) }))
  const indexed = snapshots.flatMap(({ index }) => index ?? [])
  const without_index = snapshots.flatMap(({ name, index }) => (index === undefined ? [name] : []))
  const keeping = kept(indexed, keep, forget)
  const gone = indexed.filter(({ name }) => !keeping.has(name))
  for (const { name } of gone) await repository.removeSnapshot(name)
  const chunks =
    without_index.length > 0
      ? []
      : unreferenced(
          repository.ids(),
          indexed.filter(({ name }) => keeping.has(name)),
        )
  let bytes = 0
  for (const id of chunks) {
    bytes += repository.sizeOf(id)
    await repository.removeChunk(id)
  }
  return { snapshots: gone.map(({ name }) => name), chunks: chunks.length, bytes, without_index }
}

/**
 * Takes a backup in two passes. The first reads everything that the cache does not know while all goes on; the second
 * looks at everything again while it stands still and reads what has changed since, so that the snapshot is the state
 * of one instant, as after a power cut. Killed anywhere, it leaves the repository valid.
 */
export const backup = async (job: BackupJob, parts: BackupParts): Promise<BackupReport> => {
  const { tree, repository, cache, freeze, thaw, now, random, say = () => {} } = parts
  const key = fromHex(job.chunkKey, 32)
  const sealed = sealer(job.recipients, random)
  repository.sweep()
  const writer = chunkWriter(repository, { name: await chunkNamer(key), seal: sealed, atOnce: AT_ONCE })
  const reader = fileReader(tree, writer)
  const known = new Map<BytePath, Known>()
  const whole = ({ pieces }: Known): boolean => pieces.every(([id]) => id === '' || repository.has(id))

  const units = tree.units()
  const bound = BigInt(now()) * 1_000_000n - RACY
  /** Reads what is not known as it looks now, or whose look cannot be trusted. */
  const pass = async (files: readonly Seen[], before: Cache, phase: Progress['phase']): Promise<number> => {
    let [read, flushed] = [0, 0]
    const learn = async (): Promise<void> => {
      const lines = await reader.flush()
      for (const [path, one] of lines) known.set(path, one)
      cache.add(lines.filter(([, one]) => settledBefore(one.look, bound)))
    }
    const firstNames = new Set<string>()
    for (const [at, seen] of files.entries()) {
      if (seen.names > 1) {
        const file = `${unitOf(seen.path, units)}\n${seen.inode}`
        if (firstNames.has(file)) continue
        firstNames.add(file)
      }
      const old = before.get(seen.path)
      if (old !== undefined && old.look === lookOf(seen) && settledBefore(old.look, bound) && whole(old)) {
        known.set(seen.path, old)
        continue
      }
      known.delete(seen.path)
      await reader.read(seen)
      read += 1
      say({ phase, files: at + 1, of: files.length, bytes: reader.bytesRead() })
      if (phase === 'reading' && reader.bytesRead() - flushed > FLUSH) {
        flushed = reader.bytesRead()
        await learn()
      }
    }
    if (phase === 'reading') await learn()
    return read
  }

  const live = walkAll(tree, units).filter(isFile)
  await pass(live, cache.load(), 'reading')

  await freeze()
  const at = now()
  let all: readonly Seen[] = []
  let read_frozen = 0
  let frozen_ms = 0
  try {
    writer.allow(AT_ONCE_FROZEN)
    all = walkAll(tree, units)
    read_frozen = await pass(all.filter(isFile), new Map(known), 'frozen')
  } finally {
    frozen_ms = await thaw()
  }
  writer.allow(AT_ONCE)
  for (const [path, one] of await reader.flush()) known.set(path, one)

  const entries = entriesOf(all, known, units)
  const name = snapshotName(at, random(4))
  const header = {
    v: 1,
    name,
    at,
    host: job.host,
    tag: job.tag,
    chunk_key: job.chunkKey,
    units,
    entries: entries.length,
  } as const
  const files = entries.filter(({ type }) => type === 'file')
  const { chunks: new_chunks, bytes: new_bytes } = writer.stored()
  const index = {
    v: 1,
    name,
    at,
    tag: job.tag,
    key: keyName(key),
    units,
    files: files.length,
    bytes: files.reduce((sum, entry) => sum + (entry.type === 'file' ? entry.size : 0), 0),
    new_bytes,
    chunks: [...chunksOf(entries)].sort(),
  } as const
  say({ phase: 'storing', files: files.length, of: files.length, bytes: reader.bytesRead() })
  await repository.writeSnapshot(
    name,
    await sealed(utf8(manifestText({ header, entries }))),
    indexText(index),
  )
  const present = new Set(all.map(({ path }) => path))
  const trusted = [...known].filter(([path, { look }]) => present.has(path) && settledBefore(look, bound))
  cache.replace(new Map(trusted))
  return {
    name,
    at,
    key: index.key,
    tag: job.tag,
    files: index.files,
    bytes: index.bytes,
    read_bytes: reader.bytesRead(),
    new_chunks,
    new_bytes,
    read_frozen,
    frozen_ms,
    left_out: all.filter(({ kind }) => kind === 'other').map(({ path }) => shownPath(path)),
    pruned: await prune(repository, job.keep, job.forget),
  }
}
