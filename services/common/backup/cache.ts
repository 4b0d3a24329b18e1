import type { Piece } from './manifest.ts'
import { type BytePath, fromNameJson, type NameJson, nameJson } from './path-bytes.ts'
import type { Seen } from './tree.ts'

/** What is known of a file that was read: how it looked then, and where its bytes are. */
export type FileRecord = {
  readonly look: string
  readonly size: number
  readonly sha256: string
  readonly pieces: readonly Piece[]
}

/** By path. A lost cache only costs that files are read again. */
export type Cache = ReadonlyMap<BytePath, FileRecord>

/** A file that looks the same has the same bytes: size, both times to the nanosecond, device and inode. */
export const signature = ({ size, mtime, ctime, inode }: Seen): string => `${size} ${mtime} ${ctime} ${inode}`

type Line = readonly [name: NameJson, look: string, size: number, sha256: string, pieces: readonly Piece[]]

export const cacheLine = (path: BytePath, { look, size, sha256, pieces }: FileRecord): string =>
  `${JSON.stringify([nameJson(path), look, size, sha256, pieces] satisfies Line)}\n`

const parseLine = (line: string): readonly [BytePath, FileRecord] | undefined => {
  try {
    const [name, look, size, sha256, pieces] = JSON.parse(line) as Line // written by cacheLine, or cut off
    return [fromNameJson(name), { look, size, sha256, pieces }]
  } catch {
    return undefined
  }
}

/** Reads a cache; later lines win, and what a crash cut off is left out. */
export const readCache = (text: string): Cache =>
  new Map(text.split('\n').flatMap((line) => (line === '' ? [] : [parseLine(line)].filter((one) => one !== undefined))))

/** True when a file had been left alone for long enough before `bound` (ns) that any later change shows in its look. */
export const isSettledBefore = (look: string, bound: bigint): boolean => BigInt(look.split(' ')[2] ?? bound) < bound
