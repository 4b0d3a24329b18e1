import { Fault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { chunkNamer, keyName } from './chunk-id.ts'
import { type ChunkReader, chunkReader } from './chunk-reader.ts'
import { chunksOf, type Entry, type FileEntry, type Manifest } from './manifest.ts'
import { marksIn } from './marks.ts'
import { indexComplaints, openSnapshot } from './open-snapshot.ts'
import { type BytePath, parentOf, shownPath, unitOf } from './path-bytes.ts'
import type { Repository } from './repository.ts'
import { type FileFault, restoreFile } from './restore-file.ts'
import { leaveMarks, type Telling } from './restore-mark.ts'
import type { Target } from './target.ts'

export type RestoreJob = {
  readonly identities: readonly string[]
  /** A snapshot's name, the beginning of one, or `newest`. */
  readonly snapshot: string
  /** Units to restore; all that the snapshot has when empty. */
  readonly units: readonly string[]
  /** Set aside what is there, and throw it away when all is restored. Without it what is there stands in the way. */
  readonly replace: boolean
}

/** A chunk that cannot be had, and the files that need it. */
export type ChunkFault = { readonly chunk: string; readonly problem: string; readonly files: readonly string[] }

export type RestoreReport = {
  readonly ok: boolean
  readonly name: string
  readonly at: number
  readonly host: string
  readonly key: string
  readonly units: readonly string[]
  readonly files: number
  readonly bytes: number
  readonly chunks: number
  /** Bytes of chunks as they are stored, each time that one was read. */
  readonly read_bytes: number
  readonly faults: readonly ChunkFault[]
  /** Files whose bytes are not those of the manifest although each chunk is whole. */
  readonly complaints: readonly string[]
  /** What is wrong with the repository and not with what was restored. */
  readonly warnings: readonly string[]
  /** How many things the snapshot has whole that were destroyed for good since: they will be again. */
  readonly erasures: number
  /** Services that will say in their audit streams that they were restored, and whether by the operator's signed word. */
  readonly told: readonly string[]
  readonly signed: boolean
}

type Parts = {
  readonly repository: Repository
  readonly target: Target
  /** Whom a restore for use has to be told. */
  readonly telling?: Telling
  readonly say?: (progress: { readonly files: number; readonly of: number; readonly bytes: number }) => void
}

/** Files that the disk is at work on at once: its journal takes them together. */
const SETTLING = 16

/** Named by their content: what is there is what would be restored, and belongs to other releases too. */
const IMMUTABLE = /^host\/(?:files|releases)\//

const isFile = (entry: Entry): entry is FileEntry => entry.type === 'file'

const listChunkOrder = (files: readonly FileEntry[]): readonly string[] => {
  const order: string[] = []
  for (const { pieces } of files) for (const [id] of pieces) if (id !== '' && order.at(-1) !== id) order.push(id)
  return order
}

const requireUnits = ({ header }: Manifest, asked: readonly string[]): readonly string[] => {
  const unknown = asked.filter((unit) => !header.units.includes(unit))
  if (unknown.length > 0)
    throw new Fault(
      'missing',
      'no-such-unit',
      `${header.name} has no ${unknown.join(', ')}; it has ${header.units.join(', ')}`,
    )
  return asked.length > 0 ? asked : header.units
}

/** What could not be restored, as it is found. */
const faultList = () => {
  const complaints: string[] = []
  const faults = new Map<string, { readonly problem: string; readonly files: string[] }>()
  const lost = new Set<BytePath>()
  return {
    lost,
    add: (path: BytePath, { chunk, problem }: FileFault): void => {
      lost.add(path)
      const name = shownPath(path)
      if (chunk === '') {
        complaints.push(`${name}: ${problem}`)
        return
      }
      const fault = faults.get(chunk) ?? { problem, files: [] }
      fault.files.push(name)
      faults.set(chunk, fault)
    },
    report: () => ({ faults: [...faults].map(([chunk, fault]) => ({ chunk, ...fault })), complaints }),
  }
}

/** Goes on while the disk is at work, `SETTLING` files behind at most. */
const settler = (target: Target) => {
  const settling = new Set<Promise<void>>()
  return {
    settle: async (path: BytePath): Promise<void> => {
      const one = target.settle(path)
      settling.add(one)
      void one.finally(() => settling.delete(one)).catch(() => {}) // whoever awaits it hears of it
      if (settling.size >= SETTLING) await Promise.race(settling)
    },
    all: () => Promise.all(settling),
  }
}

/** Makes everything of a snapshot's units below the target, durable; answers what could not be restored. */
const restoreEntries = async (
  entries: readonly Entry[],
  units: readonly BytePath[],
  { target, reader, say = () => {} }: Pick<Parts, 'target' | 'say'> & { readonly reader: ChunkReader },
) => {
  const files = entries.filter(isFile)
  const folders = entries.filter(({ type }) => type === 'folder')
  const found = faultList()
  const disk = settler(target)
  let bytes = 0
  for (const unit of units) if (target.occupied(unit)) target.setAside(unit)
  for (const unit of units) target.makeFolder(parentOf(unit))
  for (const { path } of folders) target.makeFolder(path)
  for (const [at, file] of files.entries()) {
    const fault = await restoreFile(file, target, reader)
    bytes += file.size
    if (fault === undefined) await disk.settle(file.path)
    else found.add(file.path, fault)
    say({ files: at + 1, of: files.length, bytes })
  }
  for (const entry of entries)
    if (entry.type === 'link' && !found.lost.has(entry.target)) target.makeLink(entry.path, entry.target)
  // After all files: no path of the manifest can then lead through one.
  for (const entry of entries) if (entry.type === 'symlink') target.makeSymlink(entry.path, entry.target)
  // From the inside out, because a folder's time changes with what is made in it.
  for (const entry of entries.toReversed())
    if (!found.lost.has(entry.path) && entry.type !== 'link') target.dress(entry)
  for (const { path } of folders) await disk.settle(path)
  await disk.all()
  return { files: files.length, bytes, ...found.report() }
}

/** Throws away what was set aside, or puts it back where the restore was not whole. */
const closeUnits = (
  units: readonly BytePath[],
  entries: readonly Entry[],
  { target, ok, replace }: { readonly target: Target; readonly ok: boolean; readonly replace: boolean },
): void => {
  for (const unit of units) {
    if (!ok && replace) target.putBack(unit)
    if (!ok) continue
    target.forgetAside(unit)
    // Its time is that of the last change in it.
    const root = entries.find(({ path }) => path === unit)
    if (root !== undefined) target.dress(root)
  }
}

/** Brings the marks of what was here, and of the newest snapshot, into what was restored; answers how many are new there. */
const carryMarks = async (
  { identities }: RestoreJob,
  {
    repository,
    target,
    units,
    entries,
  }: Parts & { readonly units: readonly BytePath[]; readonly entries: readonly Entry[] },
): Promise<number> => {
  // One that is damaged is named when it is restored itself, or checked.
  const newest = await openSnapshot(repository, 'newest', identities).catch(() => undefined)
  const there = new Set(marksIn(entries, units))
  const marks = new Set([...units.flatMap(target.marksAside), ...marksIn(newest?.entries ?? [], units)])
  const carried = [...marks].filter((path) => !there.has(path))
  for (const path of carried) target.makeMark(path)
  return carried.length
}

/** The units that will be restored. Throws Fault `missing` for one that is not in the snapshot, `conflict` for one in the way. */
const chooseUnits = (manifest: Manifest, job: RestoreJob, target: Target): readonly string[] => {
  const units = requireUnits(manifest, job.units).filter((unit) => !(IMMUTABLE.test(unit) && target.occupied(unit)))
  const inTheWay = units.filter(target.occupied)
  if (inTheWay.length > 0 && !job.replace)
    throw new Fault(
      'conflict',
      'not-empty',
      `${inTheWay.join(', ')} ${inTheWay.length === 1 ? 'is' : 'are'} not empty: --replace sets aside what is there`,
    )
  return units
}

/**
 * Restores a snapshot, or units of it. Every chunk is decrypted and its id computed again, every file's hash compared.
 * A chunk that cannot be had is named with the files that need it, and what was there before is put back. Throws Fault
 * `conflict` when something is in the way, before anything is changed.
 */
export const restore = async (job: RestoreJob, parts: Parts): Promise<RestoreReport> => {
  const { repository, target } = parts
  const manifest = await openSnapshot(repository, job.snapshot, job.identities)
  const { header } = manifest
  const units = chooseUnits(manifest, job, target)
  const entries = manifest.entries.filter(({ path }) => unitOf(path, units) !== undefined)
  const order = listChunkOrder(entries.filter(isFile))
  const key = fromHex(header.chunk_key, 32)
  const reader = chunkReader(repository, order, { name: await chunkNamer(key), identities: job.identities })
  const warnings = indexComplaints(repository, header.name, chunksOf(manifest.entries))
  const done = await restoreEntries(entries, units, { ...parts, reader }).catch((error: unknown) => {
    for (const unit of units) target.putBack(unit)
    throw error
  })
  const ok = done.faults.length === 0 && done.complaints.length === 0
  const erasures = ok ? await carryMarks(job, { ...parts, units, entries }) : 0
  const marked = leaveMarks(target, { backup: header.name, state_of: header.at }, ok ? parts.telling : undefined)
  closeUnits(units, entries, { target, ok, replace: job.replace })
  return {
    ok,
    name: header.name,
    at: header.at,
    host: header.host,
    key: keyName(key),
    units,
    files: done.files,
    bytes: done.bytes,
    chunks: new Set(order).size,
    read_bytes: reader.bytesRead(),
    faults: done.faults,
    complaints: done.complaints,
    warnings,
    erasures,
    ...marked,
  }
}
