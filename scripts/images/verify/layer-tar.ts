/**
 * A strict reader of layer archives (POSIX.1-2017 pax, GNU long names and large numbers). It shares nothing with the
 * writer of our layers: what it cannot make sense of is a breach, not something to skip. Pure.
 */

export type Kind = 'file' | 'hard-link' | 'link' | 'folder' | 'device' | 'pipe'

export type LayerEntry = {
  /** Relative, with `/`, without `./` before and `/` after it; '' is the root itself. */
  readonly path: string
  readonly kind: Kind
  /** The twelve bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** What a link points to; '' for the others. */
  readonly target: string
  /** Names of extended attributes; `security.capability` gives rights to a program. */
  readonly attributes: readonly string[]
  readonly data: Uint8Array
}

const BLOCK = 512
const utf8 = new TextDecoder('utf-8', { fatal: true })

const KINDS: Readonly<Record<string, Kind>> = {
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

/** Kinds that have content in the archive. */
const withData: ReadonlySet<string> = new Set(['0', '\0', '7', 'x', 'g', 'L', 'K'])

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

const octal = (digits: string): number =>
  /^[0-7]*$/.test(digits) ? Number.parseInt(digits || '0', 8) : Number.NaN

/** Octal text, or GNU's binary form with the highest bit set. */
const number = (bytes: Uint8Array, what: string): number => {
  const value =
    ((bytes[0] ?? 0) & 0x80) !== 0
      ? bytes.subarray(1).reduce((sum, byte) => sum * 256 + byte, (bytes[0] ?? 0) & 0x7f)
      : octal(text(bytes).trim())
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`an entry has no ${what}`)
  return value
}

const demandChecksum = (header: Uint8Array): void => {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (sum !== number(header.subarray(148, 156), 'checksum'))
    throw new RangeError('a header has a wrong checksum')
}

const paxRecords = (data: Uint8Array): readonly (readonly [string, string])[] => {
  const records: [string, string][] = []
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(32, at)
    const length = space < 0 ? Number.NaN : Number(text(data.subarray(at, space)))
    const equals = data.indexOf(61, space)
    if (!Number.isInteger(length) || equals < 0 || equals >= at + length || data[at + length - 1] !== 10)
      throw new RangeError('a pax header is broken')
    // The value of an extended attribute is binary; only names matter there.
    const value = new TextDecoder().decode(data.subarray(equals + 1, at + length - 1))
    records.push([utf8.decode(data.subarray(space + 1, equals)), value])
    at += length
  }
  return records
}

const plainPath = (path: string): string => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new RangeError(`'${path}' leads out of the image`)
  return parts.join('/')
}

const ATTRIBUTE = /^(?:SCHILY\.xattr|LIBARCHIVE\.xattr)\./

type Extended = {
  readonly path?: string
  readonly target?: string
  readonly size?: number
  readonly attributes: readonly string[]
}
const plain: Extended = { attributes: [] }

const extendedBy = (extended: Extended, data: Uint8Array): Extended => {
  let next = extended
  for (const [key, value] of paxRecords(data)) {
    if (key === 'path') next = { ...next, path: value }
    else if (key === 'linkpath') next = { ...next, target: value }
    else if (key === 'size') next = { ...next, size: Number(value) }
    else if (ATTRIBUTE.test(key))
      next = { ...next, attributes: [...next.attributes, key.replace(ATTRIBUTE, '')] }
    else if (key.startsWith('GNU.sparse'))
      throw new RangeError('a sparse file, which not every engine unpacks')
  }
  return next
}

const nameIn = (header: Uint8Array): string => {
  const posix = text(header.subarray(257, 263)) === 'ustar' && header[262] === 0
  const prefix = posix ? text(header.subarray(345, 500)) : ''
  const name = text(header.subarray(0, 100))
  return prefix === '' ? name : `${prefix}/${name}`
}

/** All entries in their order. Throws RangeError at the first thing that a strict reader cannot take. */
export const readLayer = (archive: Uint8Array): readonly LayerEntry[] => {
  const entries: LayerEntry[] = []
  let extended = plain
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) {
      if (archive.subarray(at).some((byte) => byte !== 0))
        throw new RangeError('something comes after the end')
      return entries
    }
    demandChecksum(header)
    const flag = String.fromCharCode(header[156] ?? 0)
    const kind = KINDS[flag]
    const size = withData.has(flag) ? (extended.size ?? number(header.subarray(124, 136), 'size')) : 0
    const data = archive.subarray(at + BLOCK, at + BLOCK + size)
    if (data.length !== size) throw new RangeError('the archive ends in the middle of a file')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    if (flag === 'x') extended = extendedBy(extended, data)
    else if (flag === 'L') extended = { ...extended, path: text(data) }
    else if (flag === 'K') extended = { ...extended, target: text(data) }
    else if (flag === 'g') {
      // A global header may only carry a comment: anything else would change entries that follow it.
      if (paxRecords(data).some(([key]) => key !== 'comment')) throw new RangeError('a global pax header')
    } else {
      if (kind === undefined) throw new RangeError(`an entry of the unknown kind '${flag}'`)
      const target = extended.target ?? text(header.subarray(157, 257))
      entries.push({
        path: plainPath(extended.path ?? nameIn(header)),
        kind,
        mode: number(header.subarray(100, 108), 'mode') & 0o7777,
        uid: number(header.subarray(108, 116), 'owner'),
        gid: number(header.subarray(116, 124), 'group'),
        target: kind === 'link' || kind === 'hard-link' ? target : '',
        attributes: extended.attributes,
        data,
      })
      extended = plain
    }
  }
  throw new RangeError('the archive has no end')
}
