import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** A log is moved aside when it has grown to this many bytes; that many old ones are kept (SPEC section 2). */
export const MAX_LOG = 10 * 1024 * 1024
export const KEPT_LOGS = 2

const isFull = (path: string, max: number): boolean => existsSync(path) && statSync(path).size >= max

/** Makes room at `.1` by moving `.1` to `.2`; the oldest goes. */
const makeRoom = (path: string): void => {
  rmSync(`${path}.${KEPT_LOGS}`, { force: true })
  for (let age = KEPT_LOGS - 1; age >= 1; age--)
    if (existsSync(`${path}.${age}`)) renameSync(`${path}.${age}`, `${path}.${age + 1}`)
}

/** Moves a full log aside. Does nothing to one that is not full. For a log that nobody has open. */
export const rotate = (path: string, max = MAX_LOG): void => {
  if (!isFull(path, max)) return
  makeRoom(path)
  renameSync(path, `${path}.1`)
}

/** Copies a full log aside and empties it, for whoever will not open it again; lines between the two are lost. */
export const rotateOpen = (path: string, max = MAX_LOG): void => {
  if (!isFull(path, max)) return
  makeRoom(path)
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
}

/** Opens a log for appending (0600), rotated first if it is full; returns the descriptor. */
export const openLog = (path: string): number => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  rotate(path)
  return openSync(path, 'a', 0o600)
}

export type Part = {
  /** Offsets in bytes; the end of the file when `to` is absent. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Of a longer part only the end is read. */
  readonly max?: number
}

/** Reads a part of a file as text; empty when there is no file. */
export const readPart = (path: string, { from = 0, to, max = 256 * 1024 }: Part = {}): string => {
  if (!existsSync(path)) return ''
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const end = Math.min(to ?? size, size)
    const start = Math.max(Math.min(from, end), end - max)
    const bytes = Buffer.alloc(end - start)
    const read = readSync(file, bytes, 0, bytes.length, start)
    return bytes.toString('utf8', 0, read)
  } finally {
    closeSync(file)
  }
}

/** The last lines of a text, without the empty one after the final newline. */
export const lastLines = (text: string, count: number): readonly string[] => {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return count <= 0 ? [] : lines.slice(-count)
}
