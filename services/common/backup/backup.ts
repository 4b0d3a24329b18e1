import { fromHex, utf8 } from '../stream/bytes.ts'
import type { Random } from './age.ts'
import { isSettledBefore } from './cache.ts'
import type { CacheFile } from './cache-file.ts'
import { chunkNamer, keyName } from './chunk-id.ts'
import { chunkWriter, sealer } from './chunk-writer.ts'
import { listEntries } from './entries.ts'
import { fileReader } from './file-reader.ts'
import { snapshotName } from './format.ts'
import { chunksOf, type Entry, manifestText } from './manifest.ts'
import { type BytePath, shownPath } from './path-bytes.ts'
import type { Keep } from './prune.ts'
import { type Pruned, prune } from './prune-repository.ts'
import type { Repository } from './repository.ts'
import { openScan, type Progress } from './scan.ts'
import { indexText, type SnapshotIndex } from './snapshot-index.ts'
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

const AT_ONCE = 4
/** While frozen, chunks wait in memory for their turn so that reading need not: 64 MiB. */
const AT_ONCE_FROZEN = 16
/** A file that changed so shortly before it was looked at may change again without looking different, ns. */
const RACY = 2_000_000_000n

const isFile = ({ kind }: Seen): boolean => kind === 'file'

/** Everything as it is while all stands still, and how long that took; goes on whatever happens. */
const frozenPass = async (
  { freeze, thaw, now }: BackupParts,
  pass: () => Promise<{ readonly all: readonly Seen[]; readonly read: number }>,
) => {
  await freeze()
  const at = now()
  let frozen_ms = 0
  const found = await pass().finally(async () => {
    frozen_ms = await thaw()
  })
  return { ...found, at, frozen_ms }
}

/** What a snapshot is: its header for the manifest, and its index. */
const describe = (
  {
    job,
    units,
    at,
    name,
  }: { readonly job: BackupJob; readonly units: readonly BytePath[]; readonly at: number; readonly name: string },
  entries: readonly Entry[],
  new_bytes: number,
) => {
  const files = entries.filter((entry) => entry.type === 'file')
  const index: SnapshotIndex = {
    v: 1,
    name,
    at,
    tag: job.tag,
    key: keyName(fromHex(job.chunkKey, 32)),
    units,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    new_bytes,
    chunks: [...chunksOf(entries)].sort(),
  }
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
  return { index, header }
}

/**
 * Takes a backup in two passes. The first reads everything that the cache does not know while all goes on; the second
 * looks at everything again while it stands still and reads what has changed since, so that the snapshot is the state
 * of one instant, as after a power cut. Killed anywhere, it leaves the repository valid.
 */
export const backup = async (job: BackupJob, parts: BackupParts): Promise<BackupReport> => {
  const { tree, repository, cache, now, random, say = () => {} } = parts
  const seal = sealer(job.recipients, random)
  repository.sweep()
  const name = await chunkNamer(fromHex(job.chunkKey, 32))
  const writer = chunkWriter(repository, { name, seal, atOnce: AT_ONCE })
  const reader = fileReader(tree, writer)
  const units = tree.units()
  const walkAll = (): readonly Seen[] => units.flatMap(tree.walk)
  const bound = BigInt(now()) * 1_000_000n - RACY
  const scan = openScan({ reader, repository, cache, units, bound, say })

  await scan.pass(walkAll().filter(isFile), cache.load(), 'reading')
  const { all, read, at, frozen_ms } = await frozenPass(parts, async () => {
    writer.allow(AT_ONCE_FROZEN)
    const found = walkAll()
    return { all: found, read: await scan.pass(found.filter(isFile), new Map(scan.records), 'frozen') }
  })
  writer.allow(AT_ONCE)
  await scan.finish()

  const entries = listEntries(all, scan.records, units)
  const { chunks: new_chunks, bytes: new_bytes } = writer.stored()
  const { index, header } = describe({ job, units, at, name: snapshotName(at, random(4)) }, entries, new_bytes)
  say({ phase: 'storing', files: index.files, of: index.files, bytes: reader.bytesRead() })
  await repository.writeSnapshot(index.name, await seal(utf8(manifestText({ header, entries }))), indexText(index))
  const present = new Set(all.map(({ path }) => path))
  cache.replace(
    new Map([...scan.records].filter(([path, { look }]) => present.has(path) && isSettledBefore(look, bound))),
  )
  return {
    name: index.name,
    at,
    key: index.key,
    tag: job.tag,
    files: index.files,
    bytes: index.bytes,
    read_bytes: reader.bytesRead(),
    new_chunks,
    new_bytes,
    read_frozen: read,
    frozen_ms,
    left_out: all.filter(({ kind }) => kind === 'other').map(({ path }) => shownPath(path)),
    pruned: await prune(repository, job.keep, job.forget),
  }
}
