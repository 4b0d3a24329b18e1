import { BLOCK, END_SIZE, padded } from '../stream/tar.ts'
import { chunkIndex } from './bundle.ts'
import type { Reader } from './reader.ts'
import { decodeBundleHeader, isEndBlock } from './tar.ts'

/** An entry as it stands in the file. `name` is undefined where its header is damaged; `size` is then an upper bound. */
export type Entry = { readonly name: string | undefined; readonly at: number; readonly size: number }

/** What a walk over the headers found. `cut` = the file ends early, inside or before what it names. */
export type Scan = {
  readonly entries: readonly Entry[]
  readonly faults: readonly string[]
  readonly cut: string | undefined
}

const MAX_ENTRIES = 2 ** 20 + 8

/** Bytes read at once around the headers: small entries share one read. */
const AHEAD = 64 * 1024

/** The same bytes, read in windows: a bundle of many small entries costs one read for many of them. */
const readAhead = (reader: Reader): Reader => {
  let from = 0
  let window = new Uint8Array()
  return {
    size: reader.size,
    read: async (at, length) => {
      if (at < from || at + length > from + window.length) {
        window = await reader.read(at, Math.max(length, Math.min(AHEAD, reader.size - at)))
        from = at
      }
      return window.subarray(at - from, at - from + length)
    },
  }
}

/** Where the next sound header (or the end mark) stands at or after `from`; the end of the file when none does. */
const resync = async (reader: Reader, from: number): Promise<number> => {
  for (let at = from; at + BLOCK <= reader.size; at += BLOCK) {
    const block = await reader.read(at, BLOCK)
    if (decodeBundleHeader(block) !== undefined || (at + END_SIZE === reader.size && isEndBlock(block))) return at
  }
  return reader.size
}

const endFaults = async (reader: Reader, at: number): Promise<Pick<Scan, 'faults' | 'cut'>> => {
  if (at + END_SIZE > reader.size) return { faults: [], cut: 'the file ends inside the end mark of the archive' }
  if (!(await reader.read(at, END_SIZE)).every((byte) => byte === 0))
    return { faults: ['the end mark of the archive is damaged'], cut: undefined }
  const trailing = reader.size - at - END_SIZE
  return { faults: trailing === 0 ? [] : [`${trailing} bytes follow the end of the archive`], cut: undefined }
}

const cleanPadding = async (reader: Reader, { at, size }: Entry): Promise<boolean> =>
  (await reader.read(at + size, padded(size) - size)).every((byte) => byte === 0)

/** Walks the archive from header to header; a damaged one is stated, and what stands behind it is still judged. */
export const scanBundle = async (bundle: Reader): Promise<Scan> => {
  const reader = readAhead(bundle)
  const entries: Entry[] = []
  const faults: string[] = []
  const done = (cut?: string): Scan => ({ entries, faults, cut })
  for (let at = 0; entries.length < MAX_ENTRIES; ) {
    if (at === reader.size) return done('the file ends without the end mark of the archive')
    if (at + BLOCK > reader.size) return done('the file ends inside an entry header')
    const block = await reader.read(at, BLOCK)
    if (isEndBlock(block)) {
      const end = await endFaults(reader, at)
      faults.push(...end.faults)
      return done(end.cut)
    }
    const header = decodeBundleHeader(block)
    if (header === undefined) {
      const next = await resync(reader, at + BLOCK)
      faults.push(`the entry header at byte ${at} is not canonical ustar`)
      entries.push({ name: undefined, at: at + BLOCK, size: next - at - BLOCK })
      at = next
      continue
    }
    const entry = { name: header.name, at: at + BLOCK, size: header.size }
    const next = entry.at + padded(header.size)
    if (next > reader.size) return done(`the file ends inside ${header.name}`)
    entries.push(entry)
    if (!(await cleanPadding(reader, entry))) faults.push(`the padding behind ${header.name} is not zero`)
    at = next
  }
  faults.push('the archive holds more entries than any session has')
  return done()
}

/** True for an entry that a chunk may be behind: named as one, or with a damaged name. */
export const mayBeChunk = ({ name }: Entry): boolean => name === undefined || chunkIndex(name) !== undefined
