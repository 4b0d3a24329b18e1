import { Fault } from '../process/fault.ts'
import { fromHex } from '../stream/bytes.ts'
import { unseal } from './age.ts'
import { chunkNamer, fileHash, keyName } from './chunk-id.ts'
import { type ChunkReader, chunkReader } from './chunk-reader.ts'
import { chooseSnapshot } from './format.ts'
import { chunksOf, type Entry, type FileEntry, type Manifest, readManifest } from './manifest.ts'
import { type BytePath, parentOf, shownPath, unitOf } from './path-bytes.ts'
import { problemOf, type Repository } from './repository.ts'
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
export type ChunkFault = {
  readonly chunk: string
  readonly problem: string
  readonly files: readonly string[]
}

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
}

type Parts = {
  readonly repository: Repository
  readonly target: Target
  readonly say?: (progress: { readonly files: number; readonly of: number; readonly bytes: number }) => void
}

/** Opens a snapshot: decrypted, parsed, and nothing in it believed that was not looked at. */
export const openSnapshot = async (
  repository: Repository,
  wanted: string,
  identities: readonly string[],
): Promise<Manifest> => {
  const name = chooseSnapshot(repository.names(), wanted)
  const explained = (error: unknown): never => {
    if (error instanceof Fault)
      throw new Fault(error.kind, error.code, `snapshot ${name}: ${error.message}`, { cause: error })
    throw error
  }
  const packed = await unseal(await repository.readSnapshot(name), identities).catch(explained)
  const text = new TextDecoder().decode(await Bun.zstdDecompress(packed))
  const manifest = readManifest(text)
  if (manifest.header.name !== name)
    throw new Fault('invalid', 'other-snapshot', `snapshot ${name} holds ${manifest.header.name}`)
  return manifest
}

/** Whether prune would keep what this snapshot needs: its index names the same chunks. */
const indexComplaints = (repository: Repository, name: string, needed: ReadonlySet<string>) => {
  const index = repository.index(name)
  if (index === undefined)
    return [`snapshot ${name} has no whole index: nothing is pruned until it is removed by hand`]
  const missing = [...needed].filter((id) => !index.chunks.includes(id)).length
  return missing === 0 ? [] : [`the index of ${name} lacks ${missing} of its chunks`]
}

const writeFile = async (
  file: FileEntry,
  target: Target,
  reader: ChunkReader,
): Promise<{ readonly chunk: string; readonly problem: string } | undefined> => {
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
      if (offset + length > bytes.length)
        throw new Fault('invalid', 'short', 'it is shorter than the manifest says')
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

/** Files that the disk is at work on at once: its journal takes them together. */
const SETTLING = 16

/** Named by their content: what is there is what would be restored, and belongs to other releases too. */
const IMMUTABLE = /^host\/(?:files|releases)\//

const isFile = (entry: Entry): entry is FileEntry => entry.type === 'file'

const orderOf = (files: readonly FileEntry[]): readonly string[] => {
  const order: string[] = []
  for (const { pieces } of files)
    for (const [id] of pieces) if (id !== '' && order.at(-1) !== id) order.push(id)
  return order
}

const demandUnits = ({ header }: Manifest, wanted: readonly string[]): readonly string[] => {
  const unknown = wanted.filter((unit) => !header.units.includes(unit))
  if (unknown.length > 0)
    throw new Fault(
      'missing',
      'no-such-unit',
      `${header.name} has no ${unknown.join(', ')}; it has ${header.units.join(', ')}`,
    )
  return wanted.length > 0 ? wanted : header.units
}

/**
 * Restores a snapshot, or units of it. Every chunk is decrypted and its id computed again, every file's hash compared.
 * A chunk that cannot be had is named with the files that need it, and what was there before is put back. Throws Fault
 * `conflict` when something is in the way, before anything is changed.
 */
export const restore = async (job: RestoreJob, parts: Parts): Promise<RestoreReport> => {
  const { repository, target, say = () => {} } = parts
  const manifest = await openSnapshot(repository, job.snapshot, job.identities)
  const { header } = manifest
  const units = demandUnits(manifest, job.units).filter(
    (unit) => !(IMMUTABLE.test(unit) && target.occupied(unit)),
  )
  const inTheWay = units.filter(target.occupied)
  if (inTheWay.length > 0 && !job.replace)
    throw new Fault(
      'conflict',
      'not-empty',
      `${inTheWay.join(', ')} ${inTheWay.length === 1 ? 'is' : 'are'} not empty: --replace sets aside what is there`,
    )
  const entries = manifest.entries.filter(({ path }) => unitOf(path, units) !== undefined)
  const files = entries.filter(isFile)
  const order = orderOf(files)
  const reader = chunkReader(repository, order, {
    name: await chunkNamer(fromHex(header.chunk_key, 32)),
    identities: job.identities,
  })
  const warnings = indexComplaints(repository, header.name, chunksOf(manifest.entries))
  const complaints: string[] = []
  const faults = new Map<string, { readonly problem: string; readonly files: string[] }>()
  const lost = new Set<BytePath>()
  let bytes = 0
  const settling = new Set<Promise<void>>()
  /** Goes on while the disk is at work, so many files behind at most. */
  const settle = async (path: BytePath): Promise<void> => {
    const one = target.settle(path)
    settling.add(one)
    void one.finally(() => settling.delete(one)).catch(() => {}) // whoever awaits it hears of it
    if (settling.size >= SETTLING) await Promise.race(settling)
  }
  try {
    for (const unit of units) if (target.occupied(unit)) target.setAside(unit)
    for (const unit of units) target.makeFolder(parentOf(unit))
    for (const { path } of entries.filter(({ type }) => type === 'folder')) target.makeFolder(path)
    for (const [at, file] of files.entries()) {
      const fault = await writeFile(file, target, reader)
      bytes += file.size
      if (fault === undefined) await settle(file.path)
      else {
        lost.add(file.path)
        const name = shownPath(file.path)
        if (fault.chunk === '') complaints.push(`${name}: ${fault.problem}`)
        else {
          const known = faults.get(fault.chunk) ?? { problem: fault.problem, files: [] }
          known.files.push(name)
          faults.set(fault.chunk, known)
        }
      }
      say({ files: at + 1, of: files.length, bytes })
    }
    for (const entry of entries)
      if (entry.type === 'link' && !lost.has(entry.target)) target.makeLink(entry.path, entry.target)
    // After all files: no path of the manifest can then lead through one.
    for (const entry of entries) if (entry.type === 'symlink') target.makeSymlink(entry.path, entry.target)
    // From the inside out, because a folder's time changes with what is made in it.
    for (const entry of entries.toReversed())
      if (!lost.has(entry.path) && entry.type !== 'link') target.dress(entry)
    for (const { path } of entries.filter(({ type }) => type === 'folder')) await settle(path)
    await Promise.all(settling)
  } catch (error) {
    for (const unit of units) target.putBack(unit)
    throw error
  }
  const ok = faults.size === 0 && complaints.length === 0
  for (const unit of units) {
    if (!ok && job.replace) target.putBack(unit)
    if (!ok) continue
    target.forgetAside(unit)
    // Its time is that of the last change in it.
    const root = entries.find(({ path }) => path === unit)
    if (root !== undefined) target.dress(root)
  }
  return {
    ok,
    name: header.name,
    at: header.at,
    host: header.host,
    key: keyName(fromHex(header.chunk_key, 32)),
    units,
    files: files.length,
    bytes,
    chunks: new Set(order).size,
    read_bytes: reader.bytesRead(),
    faults: [...faults].map(([chunk, fault]) => ({ chunk, ...fault })),
    complaints,
    warnings,
  }
}
