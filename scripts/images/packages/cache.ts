import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { errorCode } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'

/** The checksum that names a blob. */
export type Checksum = { readonly algorithm: 'sha256' | 'sha512'; readonly hex: string }

/** Where downloads and layers are cached between builds: LUCID_CACHE, or the user's cache. */
export const cacheFolder = (env: Readonly<Record<string, string | undefined>>): string =>
  env['LUCID_CACHE'] || join(homedir(), '.cache', 'lucid-images')

/** Path of a blob in a folder of blobs. */
export const blobPath = (folder: string, { algorithm, hex }: Checksum): string => join(folder, 'blobs', algorithm, hex)

export const checksum = (bytes: Uint8Array, algorithm: Checksum['algorithm'] = 'sha256'): Checksum => ({
  algorithm,
  hex: createHash(algorithm).update(bytes).digest('hex'),
})

/** `sha512-...` of npm as a checksum. */
export const parseIntegrity = (integrity: string): Checksum => ({
  algorithm: 'sha512',
  hex: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
})

/** What a full disk or a folder that cannot be written to means for the person at the terminal. */
const storeFault = (path: string, error: unknown): unknown => {
  const code = errorCode(error)
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new CliError(`the disk is full: ${path} could not be written; make room and run the same command again`, {
      cause: error,
    })
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new CliError(`${path} may not be written; LUCID_CACHE names another folder`, { cause: error })
  return error
}

/** Puts bytes at a path whole or not at all: written and synced beside it, then renamed. Throws CliError, full disk. */
export const writeWhole = (path: string, bytes: Uint8Array | string): void => {
  const beside = `${path}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.part`
  try {
    mkdirSync(dirname(path), { recursive: true })
    const file = openSync(beside, 'wx')
    try {
      const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
      for (let at = 0; at < data.length; ) at += writeSync(file, data, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(beside, path)
  } catch (error) {
    rmSync(beside, { force: true })
    throw storeFault(path, error)
  }
}

/** Marks a file as used now; what only may be read stays as old as it is. */
const touch = (path: string): void => {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // A cache that somebody else owns.
  }
}

/** The blob when the folder has it and its bytes give its checksum. One that does not is removed. */
export const readBlob = (folder: string, sum: Checksum): Uint8Array | undefined => {
  const path = blobPath(folder, sum)
  if (!existsSync(path)) return undefined
  const bytes = new Uint8Array(readFileSync(path))
  if (checksum(bytes, sum.algorithm).hex === sum.hex) {
    touch(path)
    return bytes
  }
  rmSync(path, { force: true })
  return undefined
}

/** Writes a blob under its checksum. */
export const writeBlob = (folder: string, bytes: Uint8Array, algorithm: Checksum['algorithm'] = 'sha256'): Checksum => {
  const sum = checksum(bytes, algorithm)
  writeWhole(blobPath(folder, sum), bytes)
  return sum
}

/** The same file under a second name: a hard link, or a copy where the file system has none. An existing one is replaced. */
export const linkOrCopy = (from: string, to: string): void => {
  const beside = `${to}.${process.pid}-${crypto.randomUUID().slice(0, 8)}.part`
  try {
    mkdirSync(dirname(to), { recursive: true })
    try {
      linkSync(from, beside)
    } catch {
      copyFileSync(from, beside)
    }
    renameSync(beside, to)
  } catch (error) {
    throw storeFault(to, error)
  } finally {
    rmSync(beside, { force: true })
  }
}

/** Removes what nobody used since a moment (ms since 1970): blobs, notes, and parts of interrupted writes. */
export const sweepCache = (folder: string, before: number): void => {
  for (const part of ['blobs/sha256', 'blobs/sha512', 'layers']) {
    const path = join(folder, part)
    for (const name of existsSync(path) ? readdirSync(path) : []) {
      const file = join(path, name)
      if ((statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? before) < before) rmSync(file, { force: true })
    }
  }
}
