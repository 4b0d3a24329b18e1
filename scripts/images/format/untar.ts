/** A tar reader for packages: ustar, GNU long names and pax headers, all in memory. Pure. */

export type Unpacked = {
  /** As it stands in the archive, without `./` before and `/` after it. */
  readonly path: string
  readonly type: 'file' | 'folder' | 'link' | 'hard-link'
  readonly mode: number
  /** What a link points to; '' for the others. */
  readonly target: string
  readonly data: Uint8Array
}

const BLOCK = 512
const utf8 = new TextDecoder()
const TYPES: Readonly<Record<string, Unpacked['type']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard-link',
  '2': 'link',
  '5': 'folder',
}

const text = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0)
  return utf8.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

const number = (bytes: Uint8Array): number => {
  const value = Number.parseInt(text(bytes).trim() || '0', 8)
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('a tar header holds a bad number')
  return value
}

const checked = (header: Uint8Array): void => {
  const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (sum !== number(header.subarray(148, 156))) throw new RangeError('a tar header has a wrong checksum')
}

const paxRecords = (data: Uint8Array): Readonly<Record<string, string>> => {
  const records: Record<string, string> = {}
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(32, at)
    const length = Number(utf8.decode(data.subarray(at, space)))
    if (space < 0 || !Number.isInteger(length) || length <= space - at)
      throw new RangeError('a pax header is broken')
    const [, key = '', value = ''] =
      /^([^=]*)=([\s\S]*)\n$/.exec(utf8.decode(data.subarray(space + 1, at + length))) ?? []
    records[key] = value
    at += length
  }
  return records
}

/** A safe relative name: no way out of the folder it is unpacked in. */
const cleanPath = (path: string): string => {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new RangeError(`a tar names ${path}, which leads out of it`)
  return parts.join('/')
}

/** All entries, in their order; the root folder itself is left out. Throws RangeError for a broken archive. */
export const untar = (archive: Uint8Array): readonly Unpacked[] => {
  const entries: Unpacked[] = []
  let next: { path?: string; linkpath?: string } = {}
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK)
    if (header.every((byte) => byte === 0)) return entries
    checked(header)
    const size = number(header.subarray(124, 136))
    const data = archive.subarray(at + BLOCK, at + BLOCK + size)
    if (data.length !== size) throw new RangeError('a tar ends in the middle of a file')
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
    const flag = String.fromCharCode(header[156] ?? 0)
    if (flag === 'L') next = { ...next, path: text(data) }
    else if (flag === 'K') next = { ...next, linkpath: text(data) }
    else if (flag === 'x') next = { ...next, ...paxRecords(data) }
    else if (flag !== 'g') {
      const type = TYPES[flag]
      if (type === undefined) throw new RangeError(`a tar holds an entry of the unknown kind '${flag}'`)
      const ustar = text(header.subarray(257, 262)) === 'ustar' && header[262] === 0
      const prefix = ustar ? text(header.subarray(345, 500)) : ''
      const name = text(header.subarray(0, 100))
      const path = cleanPath(next.path ?? (prefix === '' ? name : `${prefix}/${name}`))
      const target = next.linkpath ?? text(header.subarray(157, 257))
      if (path !== '') entries.push({ path, type, mode: number(header.subarray(100, 108)), target, data })
      next = {}
    }
  }
  throw new RangeError('a tar has no end')
}
