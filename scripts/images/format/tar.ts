/**
 * A tar writer whose bytes depend on nothing but its entries (POSIX.1-2017 ustar, with a pax header where a
 * name does not fit). Entries are sorted, directories come before what is in them, times are zero, owners
 * have numbers and no names.
 */

/** One entry; `path` is relative, with `/`, without a leading or trailing one. Modes are the twelve bits. */
export type TarEntry = {
  readonly path: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
} & (
  | { readonly type: 'file'; readonly data: Uint8Array }
  | { readonly type: 'folder' }
  | { readonly type: 'link'; readonly target: string }
)

const BLOCK = 512
const NAME = 100
const PREFIX = 155
const FLAG = { file: '0', link: '2', folder: '5', pax: 'x' } as const

const utf8 = new TextEncoder()

const octal = (value: number, width: number): string => value.toString(8).padStart(width - 1, '0')

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

type Header = {
  readonly name: string
  readonly prefix: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly flag: string
  readonly target: string
}

const headerBlock = ({ name, prefix, mode, uid, gid, size, flag, target }: Header): Uint8Array => {
  const block = new Uint8Array(BLOCK)
  const put = (text: string, at: number) => utf8.encodeInto(text, block.subarray(at))
  put(name, 0)
  put(octal(mode, 8), 100)
  put(octal(uid, 8), 108)
  put(octal(gid, 8), 116)
  put(octal(size, 12), 124)
  put(octal(0, 12), 136)
  put(' '.repeat(8), 148)
  put(flag, 156)
  put(target, 157)
  put('ustar\x0000', 257)
  put(octal(0, 8), 329)
  put(octal(0, 8), 337)
  put(prefix, 345)
  const sum = block.reduce((total, byte) => total + byte, 0)
  put(`${octal(sum, 7)}\0 `, 148)
  return block
}

/** A pax record is its own length, key and value; the length counts its own digits. */
export const paxRecord = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`
  const bytes = utf8.encode(rest).length
  let length = bytes
  while (String(length).length + bytes !== length) length = String(length).length + bytes
  return `${length}${rest}`
}

const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK

const dataOf = (entry: TarEntry): Uint8Array => (entry.type === 'file' ? entry.data : new Uint8Array())

/** The blocks of one entry. Throws RangeError for a name or a size that no tar of ours should hold. */
const blocksOf = (entry: TarEntry): readonly Uint8Array[] => {
  const path = entry.type === 'folder' ? `${entry.path}/` : entry.path
  const target = entry.type === 'link' ? entry.target : ''
  if (/^\/|^$|(?:^|\/)\.{1,2}(?:\/|$)|\0|\/$/.test(entry.path))
    throw new RangeError(`no name for a tar: '${entry.path}'`)
  const data = dataOf(entry)
  if (data.length >= 8 ** 11) throw new RangeError(`${entry.path} is too large for a tar`)
  const { mode, uid, gid } = entry
  const place = split(path)
  const shortTarget = split(target)?.prefix === ''
  const records = [
    ...(place ? [] : [paxRecord('path', path)]),
    ...(shortTarget ? [] : [paxRecord('linkpath', target)]),
  ].join('')
  const pax = utf8.encode(records)
  const extended =
    records === ''
      ? []
      : [
          headerBlock({
            name: 'pax',
            prefix: '',
            mode: 0o644,
            uid: 0,
            gid: 0,
            size: pax.length,
            flag: FLAG.pax,
            target: '',
          }),
          pax,
          new Uint8Array(padding(pax.length)),
        ]
  const own = headerBlock({
    ...(place ?? { prefix: '', name: 'long' }),
    mode,
    uid,
    gid,
    size: data.length,
    flag: FLAG[entry.type],
    target: shortTarget ? target : '',
  })
  return [...extended, own, data, new Uint8Array(padding(data.length))]
}

const byPath = (a: TarEntry, b: TarEntry): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)

/** The whole archive. Throws RangeError when two entries have one name. */
export const tar = (entries: readonly TarEntry[]): Uint8Array => {
  const sorted = entries.toSorted(byPath)
  sorted.forEach((entry, at) => {
    if (sorted[at - 1]?.path === entry.path) throw new RangeError(`two entries are called ${entry.path}`)
  })
  const blocks = [...sorted.flatMap(blocksOf), new Uint8Array(2 * BLOCK)]
  const whole = new Uint8Array(blocks.reduce((size, block) => size + block.length, 0))
  let at = 0
  for (const block of blocks) {
    whole.set(block, at)
    at += block.length
  }
  return whole
}
