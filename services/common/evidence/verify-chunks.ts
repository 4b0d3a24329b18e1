import { errorMessage } from '../process/error.ts'
import { free } from '../stream/bytes.ts'
import { inOrder } from '../stream/in-order.ts'
import { chunkIndex, chunkName } from './bundle.ts'
import type { Check } from './check.ts'
import { HEADER_SIZE } from './chunk-file.ts'
import { cutChunkFile, type Examined, examineChunk, fitsChunk, prepareExpectation } from './examine-chunk.ts'
import { expectedHeader } from './expected-chunk.ts'
import type { Manifest } from './manifest.ts'
import { type Opener, openChunk } from './open-chunk.ts'
import { placementFaults } from './placement.ts'
import type { Reader } from './reader.ts'
import { type Entry, mayBeChunk, type Scan } from './scan.ts'

/** Chunks in flight: enough to keep two cores and the disk busy, few enough to keep memory flat. */
const IN_FLIGHT = 3

/** What is made of the plaintext while the chunks pass; chunk 0 alone proves a key, a sink takes all of them. */
export type Decryption = Opener & { readonly sink?: { readonly write: (bytes: Uint8Array) => Promise<void> } }

export type ChunkWork = {
  readonly reader: Reader
  readonly scan: Scan
  readonly manifest: Manifest
  readonly decryption?: Decryption
  /** Bytes of entries done, of all. */
  readonly onProgress?: (done: number, total: number) => void
}

/** `checks` are the lines on chunks; `opened` tells how many chunks were decrypted, `openFault` what stopped that. */
export type ChunkReport = {
  readonly checks: readonly Check[]
  readonly opened: number
  readonly openFault: string | undefined
}

type Passed = {
  readonly entry: Entry
  readonly examined: Examined | undefined
  readonly plain: Uint8Array<ArrayBuffer> | undefined
  readonly openFault: string | undefined
}

const oversized = (entry: Entry): Examined | undefined => {
  const claimed = entry.name === undefined ? undefined : chunkIndex(entry.name)
  return claimed === undefined
    ? undefined
    : { holds: claimed, problem: `chunk ${claimed} altered (${entry.size} bytes are no chunk file)` }
}

const pass = async (
  entry: Entry,
  work: ChunkWork,
  expectation: ReturnType<typeof prepareExpectation>,
): Promise<Passed> => {
  if (!fitsChunk(entry)) return { entry, examined: oversized(entry), plain: undefined, openFault: undefined }
  const whole = await work.reader.read(entry.at, entry.size)
  try {
    const file = cutChunkFile(entry, whole)
    const sealed = file.subarray(HEADER_SIZE)
    const sha256 = new Uint8Array(await crypto.subtle.digest('SHA-256', sealed)).toHex()
    const examined = examineChunk(entry, file, sha256, expectation)
    const passed = { entry, examined, plain: undefined, openFault: undefined }
    const row = examined?.problem === undefined ? work.manifest.chunks[examined?.holds ?? -1] : undefined
    const { decryption } = work
    if (row === undefined || decryption === undefined || (decryption.sink === undefined && row.i !== 0))
      return passed
    try {
      return { ...passed, plain: await openChunk(expectedHeader(work.manifest, row), sealed, decryption) }
    } catch (error) {
      return { ...passed, openFault: `chunk ${row.i} ${errorMessage(error)}` }
    }
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

const report = (
  passed: readonly Pick<Passed, 'entry' | 'examined'>[],
  { scan, manifest }: ChunkWork,
): readonly Check[] => {
  const holds = passed.map(({ examined }) => examined?.holds).filter((chunk) => chunk !== undefined)
  const problems = passed.map(({ examined }) => examined?.problem).filter((problem) => problem !== undefined)
  const placement = placementFaults(holds, { count: manifest.chunk_count, cut: scan.cut !== undefined })
  const faults = [...problems, ...placement, ...(placement.length === 0 ? nameFaults(passed) : [])]
  if (faults.length > 0) return faults.map((detail) => ({ check: 'chunks', ok: false, detail }))
  const count = manifest.chunk_count === 1 ? '1 chunk' : `${manifest.chunk_count} chunks`
  return [
    {
      check: 'chunks',
      ok: true,
      detail: `${count}, ${manifest.total_cipher} bytes: every one is as the manifest states`,
    },
  ]
}

/**
 * Reads every chunk once, with a few in flight and each buffer freed after use, and names what is wrong.
 * Plaintext reaches the sink in order, only while every chunk so far was intact. Throws only what reader and
 * sink throw.
 */
export const verifyChunks = async (work: ChunkWork): Promise<ChunkReport> => {
  const entries = work.scan.entries.filter(mayBeChunk)
  const total = entries.reduce((sum, entry) => sum + entry.size, 0)
  const expectation = prepareExpectation(work.manifest)
  const passed: Pick<Passed, 'entry' | 'examined'>[] = []
  let done = 0
  let opened = 0
  let openFault: string | undefined
  for await (const { entry, examined, plain, openFault: fault } of inOrder(entries, IN_FLIGHT, (entry) =>
    pass(entry, work, expectation),
  )) {
    passed.push({ entry, examined })
    openFault ??= fault
    if (plain !== undefined) {
      if (openFault === undefined && examined?.holds === opened) {
        await work.decryption?.sink?.write(plain)
        opened += 1
      }
      free(plain)
    }
    done += entry.size
    work.onProgress?.(done, total)
  }
  return { checks: report(passed, work), opened, openFault }
}
