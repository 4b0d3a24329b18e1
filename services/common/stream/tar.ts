import { concat, utf8 } from './bytes.ts'

/** Archives whose bytes depend on their entries alone (POSIX.1-2017 ustar, pax where a name does not fit). */

export const BLOCK = 512
/** Two zero blocks end an archive; nothing follows. */
export const END_SIZE = 2 * BLOCK
/** Largest content that a ustar header can state, bytes. */
export const MAX_SIZE = 8 ** 11 - 1

/** The kinds of entries by their flag in a header (POSIX.1-2017 pax, ustar; `x` extends the entry that follows). */
export const FLAGS = { file: '0', hardLink: '1', link: '2', folder: '5', extended: 'x' } as const

/** Fields of one header. `name`, `target` and `prefix` are bounded by 100, 100 and 155 bytes, modes are the twelve bits. */
export type TarHeader = {
  readonly name: string
  readonly size: number
  readonly prefix?: string
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly flag?: string
  readonly target?: string
}

/** One entry to write; `path` is relative, with `/`, without a leading or trailing one. */
export type TarEntry = { readonly path: string; readonly mode: number; readonly uid: number; readonly gid: number } & (
  | { readonly type: 'file'; readonly data: Uint8Array }
  | { readonly type: 'folder' }
  | { readonly type: 'link'; readonly target: string }
)

const NAME = 100
const PREFIX = 155

/** Bytes that a content takes in an archive, the zeros behind it included. */
export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK

/** The zeros that fill up the last block of a content of `size` bytes. */
export const padding = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(padded(size) - size)

/** Sum of a header's bytes, its checksum counted as spaces. */
export const checksum = (header: Uint8Array): number => {
  let total = 0
  for (let at = 0; at < header.length; at += 1) total += at >= 148 && at < 156 ? 32 : (header[at] ?? 0)
  return total
}

const octal = (value: number, digits: number): string => {
  const text = value.toString(8).padStart(digits, '0')
  if (!Number.isSafeInteger(value) || value < 0 || text.length > digits)
    throw new RangeError(`${value} does not fit a tar header`)
  return `${text}\0`
}

const bounded = (text: string, length: number): Uint8Array => {
  const bytes = utf8(text)
  if (bytes.length > length) throw new RangeError(`'${text}' does not fit a tar header`)
  return bytes
}

/** The 512 bytes before a content. Throws RangeError for what does not fit. */
export const encodeHeader = ({
  name,
  size,
  prefix = '',
  mode = 0o644,
  uid = 0,
  gid = 0,
  flag = FLAGS.file,
  target = '',
}: TarHeader): Uint8Array<ArrayBuffer> => {
  const block = new Uint8Array(BLOCK)
  const put = (at: number, text: string) => block.set(utf8(text), at)
  block.set(bounded(name, NAME), 0)
  put(100, octal(mode, 7))
  put(108, octal(uid, 7))
  put(116, octal(gid, 7))
  put(124, octal(size, 11))
  put(136, octal(0, 11))
  put(156, flag)
  block.set(bounded(target, NAME), 157)
  put(257, 'ustar\x0000')
  put(329, octal(0, 7))
  put(337, octal(0, 7))
  block.set(bounded(prefix, PREFIX), 345)
  put(148, `${octal(checksum(block), 6)} `)
  return block
}

/** A pax record is its own length, key and value; the length counts its own digits. */
export const paxRecord = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`
  const bytes = utf8(rest).length
  let length = bytes
  while (String(length).length + bytes !== length) length = String(length).length + bytes
  return `${length}${rest}`
}

/** Splits a long name at a `/` into ustar's prefix and name; undefined when it fits in no way. */
const split = (path: string): { readonly prefix: string; readonly name: string } | undefined => {
  // Only ASCII: ustar says nothing about any other encoding.
  if (!/^[\x20-\x7e]*$/.test(path)) return undefined
  if (path.length <= NAME) return { prefix: '', name: path }
  for (let at = path.lastIndexOf('/', PREFIX); at > 0; at = path.lastIndexOf('/', at - 1))
    if (path.length - at - 1 <= NAME && path.length - at - 1 > 0)
      return { prefix: path.slice(0, at), name: path.slice(at + 1) }
  return undefined
}

/** Header, content and zeros of one entry, with a pax header before them where a name is long. */
const encodeEntry = (entry: TarEntry): readonly Uint8Array[] => {
  if (/^\/|^$|(?:^|\/)\.{1,2}(?:\/|$)|\0|\/$/.test(entry.path))
    throw new RangeError(`no name for a tar: '${entry.path}'`)
  const path = entry.type === 'folder' ? `${entry.path}/` : entry.path
  const target = entry.type === 'link' ? entry.target : ''
  const data = entry.type === 'file' ? entry.data : new Uint8Array()
  const { mode, uid, gid } = entry
  const place = split(path)
  const isShort = split(target)?.prefix === ''
  const records = utf8(
    `${place === undefined ? paxRecord('path', path) : ''}${isShort ? '' : paxRecord('linkpath', target)}`,
  )
  const extended =
    records.length === 0
      ? []
      : [encodeHeader({ name: 'pax', size: records.length, flag: FLAGS.extended }), records, padding(records.length)]
  const header = encodeHeader({
    ...(place ?? { prefix: '', name: 'long' }),
    size: data.length,
    mode,
    uid,
    gid,
    flag: FLAGS[entry.type],
    target: isShort ? target : '',
  })
  return [...extended, header, data, padding(data.length)]
}

const byPath = (a: TarEntry, b: TarEntry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)

/** The whole archive, sorted. Throws RangeError for two entries of one name, a name or size of no archive of ours. */
export const encodeTar = (entries: readonly TarEntry[]): Uint8Array<ArrayBuffer> => {
  const sorted = entries.toSorted(byPath)
  sorted.forEach((entry, at) => {
    if (sorted[at - 1]?.path === entry.path) throw new RangeError(`two entries are called ${entry.path}`)
  })
  return concat(...sorted.flatMap(encodeEntry), new Uint8Array(END_SIZE))
}
