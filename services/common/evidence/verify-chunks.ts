import type { Aead } from '#common/engines/aead'
import { isFault } from '../process/fault.ts'
import { free } from '../stream/bytes.ts'
import { inOrder } from '../stream/in-order.ts'
import { chunkIndex, chunkName } from './bundle.ts'
import { type Check, listFaults } from './check.ts'
import { HEADER_SIZE } from './chunk-file.ts'
import { cutChunkFile, type Examined, examineChunk, fitsChunk, prepareExpectation } from './examine-chunk.ts'
import { expectedHeader } from './expected-chunk.ts'
import type { Manifest, ManifestChunk } from './manifest.ts'
import { rowFaults } from './manifest-rows.ts'
import { openWithKey } from './open-chunk.ts'
import { placementFaults } from './placement.ts'
import type { Reader } from './reader.ts'
import { type Entry, mayBeChunk, type Scan } from './scan.ts'

/** Chunks in flight: enough to keep two cores and the disk busy, few enough to keep memory flat. */
const IN_FLIGHT = 3

/** With more rows than this, twice what 100 GB need, the manifest itself takes the memory of two chunks. */
const MANY_ROWS = 25_000

/** What opens chunks, and where their plaintext goes; `keyFor` gives no key for a chunk that is not disclosed. */
export type Decryption = {
  readonly aead: Aead
  readonly keyFor: (index: number) => Uint8Array | undefined
  readonly sink?: { readonly write: (bytes: Uint8Array) => Promise<void> }
}

export type ChunkWork = {
  readonly reader: Reader
  readonly scan: Scan
  readonly manifest: Manifest
  /** The Merkle root to go by, hex: the anchored one, or else the manifest's. */
  readonly root: string
  /** Whether the manifest is the signed or the anchored one. */
  readonly isAuthentic: boolean
  readonly decryption?: Decryption
  readonly onProgress?: (done: number, total: number) => void
}

/** A chunk that is intact and does not open: `code` and `detail` of the Fault, `aead-failed` when the key is not its key. */
export type Unopened = { readonly index: number; readonly code: string; readonly detail: string }

/**
 * `checks` are the lines on chunks; `opened` the chunks that were decrypted and unpacked. `written` is true when
 * all of them went into the sink, `writeError` what the sink threw: nothing was written from there on.
 */
export type ChunkReport = {
  readonly checks: readonly Check[]
  readonly opened: ReadonlySet<number>
  readonly unopened: readonly Unopened[]
  readonly written: boolean
  readonly writeError?: unknown
}

type Passed = {
  readonly entry: Entry
  readonly examined: Examined | undefined
  readonly plain?: Uint8Array<ArrayBuffer>
  readonly unopened?: Unopened
}

const oversized = (entry: Entry): Examined | undefined => {
  const claimed = entry.name === undefined ? undefined : chunkIndex(entry.name)
  return claimed === undefined
    ? undefined
    : {
        holds: claimed,
        problem:
          entry.size === HEADER_SIZE
            ? `chunk ${claimed} has lost its content: nothing but a header is left`
            : `chunk ${claimed} altered (${entry.size} bytes are no chunk file)`,
      }
}

/** The same keys, each given once: a chunk that stands in the bundle again and again is opened once. */
const giveKeysOnce = (keyFor: Decryption['keyFor']): Decryption['keyFor'] => {
  const given = new Set<number>()
  return (index) => {
    if (given.has(index)) return undefined
    given.add(index)
    return keyFor(index)
  }
}

/** Opens an intact chunk where its key is known. Throws what is no fault of the chunk. */
const open = async (
  row: ManifestChunk,
  sealed: Uint8Array,
  { manifest, decryption }: ChunkWork,
): Promise<Pick<Passed, 'plain' | 'unopened'>> => {
  const key = decryption?.keyFor(row.i)
  if (decryption === undefined || key === undefined) return {}
  try {
    return { plain: await openWithKey(expectedHeader(manifest, row), sealed, { aead: decryption.aead, key }) }
  } catch (error) {
    if (!isFault(error)) throw error
    return { unopened: { index: row.i, code: error.code, detail: error.message } }
  }
}

/** Below this many bytes another thread costs more than the hash. */
const AT_ONCE = 64 * 1024

const hashSealed = async (sealed: Uint8Array<ArrayBuffer>): Promise<string> =>
  sealed.length <= AT_ONCE
    ? new Bun.CryptoHasher('sha256').update(sealed).digest('hex')
    : new Uint8Array(await crypto.subtle.digest('SHA-256', sealed)).toHex()

const pass = async (
  entry: Entry,
  work: ChunkWork,
  expectation: ReturnType<typeof prepareExpectation>,
): Promise<Passed> => {
  if (!fitsChunk(entry)) return { entry, examined: oversized(entry) }
  const whole = await work.reader.read(entry.at, entry.size)
  try {
    const file = cutChunkFile(entry, whole)
    const sealed = file.subarray(HEADER_SIZE)
    const sha256 = await hashSealed(sealed)
    const examined = examineChunk(entry, file, sha256, expectation)
    const row = examined?.problem === undefined ? work.manifest.chunks[examined?.holds ?? -1] : undefined
    return { entry, examined, ...(row === undefined ? {} : await open(row, sealed, work)) }
  } finally {
    free(whole)
  }
}

/** Names that do not fit the content, where nothing else is wrong with the order. */
const nameFaults = (passed: readonly Pick<Passed, 'entry' | 'examined'>[]): readonly string[] =>
  passed.flatMap(({ entry, examined }) =>
    examined?.holds === undefined || entry.name === undefined || entry.name === chunkName(examined.holds)
      ? []
      : [`chunk ${examined.holds} is stored under the name ${entry.name}`],
  )

/** Problems of chunks, but of a copy beside the chunk itself: that it is a copy is what is wrong with it. */
const chunkProblems = (passed: readonly Pick<Passed, 'examined'>[]): readonly string[] => {
  const intact = new Set(passed.flatMap(({ examined }) => (examined?.problem === undefined ? [examined?.holds] : [])))
  return passed.flatMap(({ examined }) =>
    examined?.problem === undefined || (examined.leaf !== undefined && intact.has(examined.holds))
      ? []
      : [examined.problem],
  )
}

const findFaults = (
  passed: readonly Pick<Passed, 'entry' | 'examined'>[],
  { scan, manifest, root }: ChunkWork,
): readonly string[] => {
  const leaves = passed.map(({ examined }) => examined?.leaf)
  const rows = scan.cut === undefined ? rowFaults(manifest, leaves, root) : undefined
  if (rows !== undefined) return rows
  const holds = passed.map(({ examined }) => examined?.holds).filter((chunk) => chunk !== undefined)
  const placement = placementFaults(holds, { count: manifest.chunk_count, cut: scan.cut !== undefined })
  return [...chunkProblems(passed), ...placement, ...(placement.length === 0 ? nameFaults(passed) : [])]
}

const report = (passed: readonly Pick<Passed, 'entry' | 'examined'>[], work: ChunkWork): readonly Check[] => {
  const faults = findFaults(passed, work)
  if (faults.length > 0) return listFaults('chunks', faults)
  const { chunk_count, total_cipher } = work.manifest
  const count = chunk_count === 1 ? '1 chunk' : `${chunk_count} chunks`
  return [{ check: 'chunks', ok: true, detail: `${count}, ${total_cipher} bytes: every one is as the manifest states` }]
}

/** Takes plaintext in order, and only while all that came before it was whole and could be written. */
const orderedSink = (sink: Decryption['sink']) => {
  let next = 0
  let error: unknown
  return {
    take: async (index: number | undefined, plain: Uint8Array) => {
      if (sink === undefined || error !== undefined || index !== next) return
      await sink.write(plain).then(
        () => {
          next += 1
        },
        (thrown: unknown) => {
          error = thrown
        },
      )
    },
    state: (count: number): Pick<ChunkReport, 'written' | 'writeError'> => ({
      written: sink !== undefined && next === count,
      ...(error === undefined ? {} : { writeError: error }),
    }),
  }
}

/**
 * Reads every chunk once, with a few in flight and each buffer freed after use, opens each one whose key is known,
 * and names what is wrong. What the sink throws is reported, for it says nothing about the bundle. Throws only what
 * the reader throws.
 */
export const verifyChunks = async ({ decryption, ...rest }: ChunkWork): Promise<ChunkReport> => {
  const work: ChunkWork =
    decryption === undefined
      ? rest
      : { ...rest, decryption: { ...decryption, keyFor: giveKeysOnce(decryption.keyFor) } }
  const entries = work.scan.entries.filter(mayBeChunk)
  const total = entries.reduce((sum, entry) => sum + entry.size, 0)
  const inFlight = work.manifest.chunks.length > MANY_ROWS ? 1 : IN_FLIGHT
  const expectation = prepareExpectation(work.manifest, work.isAuthentic)
  const passed: Pick<Passed, 'entry' | 'examined'>[] = []
  const opened = new Set<number>()
  const unopened: Unopened[] = []
  const sink = orderedSink(decryption?.sink)
  let done = 0
  for await (const one of inOrder(entries, inFlight, (entry) => pass(entry, work, expectation))) {
    const { entry, examined, plain } = one
    passed.push({ entry, examined })
    if (one.unopened !== undefined) unopened.push(one.unopened)
    if (plain !== undefined) {
      await sink.take(examined?.holds, plain)
      if (examined?.holds !== undefined) opened.add(examined.holds)
      free(plain)
    }
    done += entry.size
    work.onProgress?.(done, total)
  }
  return { checks: report(passed, work), opened, unopened, ...sink.state(work.manifest.chunk_count) }
}
