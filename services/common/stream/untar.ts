import { BLOCK, checksum, padded } from './tar.ts'

/** A strict reader of archives in memory: ustar, pax, GNU long names, large numbers. All else is refused. */

export type EntryType = 'file' | 'hard-link' | 'link' | 'folder' | 'device' | 'pipe'

/** An entry as it was read; `data` is a view of the archive. */
export type ReadEntry = {
  /** Relative, with `/`, without `./` before and `/` after it; '' is the root itself. */
  readonly path: string
  readonly type: EntryType
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** What a link points to; '' for the others. */
  readonly target: string
  /** Names of extended attributes; `security.capability` gives rights to a program. */
  readonly attributes: readonly string[]
  readonly data: Uint8Array
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const types: Readonly<Record<string, EntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'link',
  '3': 'device',
  '4': 'device',
  '5': 'folder',
  '6': 'pipe',
}

/** Flags of entries that have content in the archive. */
const withContent: ReadonlySet<string> = new Set(['0', '\0', '7', 'x', 'g', 'L', 'K'])

const parseText = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

const parseOctal = (digits: string): number =>
  /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN

/** Octal text, or GNU's binary form with the highest bit set. */
const parseNumber = (bytes: Uint8Array, what: string): number => {
  const value =
    ((bytes[0] ?? 0) & 0x80) !== 0
      ? bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, (bytes[0] ?? 0) & 0x7f)
      : parseOctal(parseText(bytes).trim())
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`an entry has no ${what}`)
  return value
}

const parsePath = (path: string): string => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new RangeError(`'${path}' leads out of the archive`)
  if (path.includes('\0')) throw new RangeError('a name holds a zero byte')
  return parts.join('/')
}

const parseName = (header: Uint8Array): string => {
  const isPosix = parseText(header.subarray(257, 263)) === 'ustar' && header[262] === 0
  const prefix = isPosix ? parseText(header.subarray(345, 500)) : ''
  const name = parseText(header.subarray(0, 100))
  return prefix === '' ? name : `${prefix}/${name}`
}

type PaxRecord = { readonly key: string; readonly value: Uint8Array }

const parsePax = (data: Uint8Array): readonly PaxRecord[] => {
  const records: PaxRecord[] = []
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(32, at)
    const length = space < 0 ? Number.NaN : Number(parseText(data.subarray(at, space)))
    const equals = data.indexOf(61, space)
    if (!Number.isInteger(length) || equals < 0 || equals >= at + length || data[at + length - 1] !== 10)
      throw new RangeError('a pax header is broken')
    records.push({
      key: utf8.decode(data.subarray(space + 1, equals)),
      value: data.subarray(equals + 1, at + length - 1),
    })
    at += length
  }
  return records
}

type Extension = {
  readonly path?: string
  readonly target?: string
  readonly size?: number
  readonly attributes: readonly string[]
}

const none: Extension = { attributes: [] }

const ATTRIBUTE = /^(?:SCHILY\.xattr|LIBARCHIVE\.xattr)\./

const extendByRecord = (extension: Extension, { key, value }: PaxRecord): Extension => {
  if (key === 'path') return { ...extension, path: utf8.decode(value) }
  if (key === 'linkpath') return { ...extension, target: utf8.decode(value) }
  if (key === 'size') return { ...extension, size: Number(utf8.decode(value)) }
  if (ATTRIBUTE.test(key)) return { ...extension, attributes: [...extension.attributes, key.replace(ATTRIBUTE, '')] }
  if (key.startsWith('GNU.sparse')) throw new RangeError('a sparse file, which not every engine unpacks')
  return extension
}

/** The extension of the entry that follows; undefined when this is such an entry itself. */
const extend = (extension: Extension, flag: string, data: Uint8Array): Extension | undefined => {
  if (flag === 'x') return parsePax(data).reduce(extendByRecord, extension)
  if (flag === 'L') return { ...extension, path: parseText(data) }
  if (flag === 'K') return { ...extension, target: parseText(data) }
  if (flag !== 'g') return undefined
  // A global header may only carry a comment: anything else would change entries that follow it.
  if (parsePax(data).some(({ key }) => key !== 'comment')) throw new RangeError('a global pax header')
  return extension
}

const parseEntry = (header: Uint8Array, flag: string, data: Uint8Array, extension: Extension): ReadEntry => {
  const type = types[flag]
  if (type === undefined) throw new RangeError(`an entry of the unknown kind '${flag}'`)
  const target = extension.target ?? parseText(header.subarray(157, 257))
  return {
    path: parsePath(extension.path ?? parseName(header)),
    type,
    mode: parseNumber(header.subarray(100, 108), 'mode') & 0o7777,
    uid: parseNumber(header.subarray(108, 116), 'owner'),
    gid: parseNumber(header.subarray(116, 124), 'group'),
    target: type === 'link' || type === 'hard-link' ? target : '',
    attributes: extension.attributes,
    data,
  }
}

/** All entries in their order. Throws RangeError at the first thing that a strict reader cannot take. */
export const decodeTar = (archive: Uint8Array): readonly ReadEntry[] => {
  const entries: ReadEntry[] = []
  let extension = none
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) {
      if (archive.subarray(at).some((byte) => byte !== 0)) throw new RangeError('something comes after the end')
      return entries
    }
    if (checksum(header) !== parseNumber(header.subarray(148, 156), 'checksum'))
      throw new RangeError('a header has a wrong checksum')
    const flag = String.fromCharCode(header[156] ?? 0)
    const size = withContent.has(flag) ? (extension.size ?? parseNumber(header.subarray(124, 136), 'size')) : 0
    const data = archive.subarray(at + BLOCK, at + BLOCK + size)
    if (data.length !== size) throw new RangeError('the archive ends in the middle of a file')
    at += BLOCK + padded(size)
    const next = extend(extension, flag, data)
    if (next === undefined) entries.push(parseEntry(header, flag, data, extension))
    extension = next ?? none
  }
  throw new RangeError('the archive has no end')
}
