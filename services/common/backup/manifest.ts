import { Fault } from '../process/fault.ts'
import { type BytePath, fromNameJson, type NameJson, nameJson, staysBelow, unitOf } from './path-bytes.ts'

/** Bytes of a chunk: its id (empty = zeros, which no chunk holds), where they begin in it, how many they are. */
export type Piece = readonly [chunk: string, offset: number, length: number]

/** What every thing in a tree has. Times are nanoseconds since 1970 as text: a number cannot hold them. */
type Meta = {
  readonly path: BytePath
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: string
}

export type FileEntry = Meta & {
  readonly type: 'file'
  readonly size: number
  readonly sha256: string
  readonly pieces: readonly Piece[]
}
export type Entry =
  | FileEntry
  | (Meta & { readonly type: 'folder' })
  | (Meta & { readonly type: 'symlink'; readonly target: BytePath })
  /** Another name of a file that comes before it. */
  | (Meta & { readonly type: 'link'; readonly target: BytePath })

export type Header = {
  readonly v: 1
  readonly name: string
  /** The instant whose state this is: when everything stood still, epoch ms. */
  readonly at: number
  readonly host: string
  readonly tag: string | null
  /** Hex. Whoever can read the manifest can check every chunk by it. */
  readonly chunk_key: string
  /** Folders below which everything lies that was backed up: `volumes/<name>`, `host/<name>`. */
  readonly units: readonly string[]
  readonly entries: number
}

export type Manifest = { readonly header: Header; readonly entries: readonly Entry[] }

const entryJson = (entry: Entry): string =>
  JSON.stringify({ ...entry, path: nameJson(entry.path), ...('target' in entry && { target: nameJson(entry.target) }) })

/** A manifest as text: the header, then a line an entry, folders before what is in them. */
export const manifestText = ({ header, entries }: Manifest): string =>
  `${[JSON.stringify(header), ...entries.map(entryJson)].join('\n')}\n`

const damaged = (why: string) => new Fault('invalid', 'bad-manifest', `the manifest is not one of ours: ${why}`)

type Json = Readonly<Record<string, unknown>>

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isName = (value: unknown): value is NameJson =>
  typeof value === 'string' ||
  (typeof value === 'object' && value !== null && typeof (value as Json)['base64'] === 'string')
const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)

const isPiece = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.length === 3 &&
  (value[0] === '' || isHash(value[0])) &&
  isCount(value[1]) &&
  isCount(value[2])

const hasMeta = (json: Json): boolean =>
  isName(json['path']) &&
  isCount(json['mode']) &&
  isCount(json['uid']) &&
  isCount(json['gid']) &&
  typeof json['mtime'] === 'string' &&
  /^-?\d{1,19}$/.test(json['mtime'])

const isFile = ({ size, sha256, pieces }: Json): boolean =>
  isCount(size) &&
  isHash(sha256) &&
  Array.isArray(pieces) &&
  pieces.every(isPiece) &&
  pieces.reduce((sum: number, piece) => sum + Number(piece[2]), 0) === size

const kinds: Readonly<Record<Entry['type'], (json: Json) => boolean>> = {
  file: isFile,
  folder: () => true,
  symlink: ({ target }) => isName(target),
  link: ({ target }) => isName(target),
}

const entryOf = (line: string, at: number): Entry => {
  const json: Json = JSON.parse(line)
  const type = String(json['type'])
  if (!Object.hasOwn(kinds, type) || !hasMeta(json) || !kinds[type as Entry['type']](json))
    throw damaged(`line ${at + 2} is no entry`)
  return {
    ...json,
    path: fromNameJson(json['path'] as NameJson),
    ...(json['target'] !== undefined && { target: fromNameJson(json['target'] as NameJson) }),
  } as Entry // every member was looked at
}

const headerOf = (line: string): Header => {
  const header = JSON.parse(line) as Header // looked at below
  if (header.v !== 1) throw damaged(`version ${String(header.v)} is not known`)
  if (!isHash(header.chunk_key) || !Array.isArray(header.units) || !isCount(header.entries))
    throw damaged('its header has not what it needs')
  return header
}

const parse = (text: string): Manifest => {
  try {
    const [first = '', ...lines] = text.trimEnd().split('\n')
    return { header: headerOf(first), entries: lines.map(entryOf) }
  } catch (error) {
    throw error instanceof Fault ? error : damaged('it cannot be read')
  }
}

/**
 * Reads a manifest. Anybody who knows a recipient can encrypt to it, so nothing in it is believed: every path stays below
 * its unit, stands once and in a folder that stands before it; a hard link names a file before it. Throws Fault `invalid`.
 */
export const readManifest = (text: string): Manifest => {
  const { header, entries } = parse(text)
  if (entries.length !== header.entries) throw damaged(`it has ${entries.length} entries of ${header.entries}`)
  const seen = new Map<BytePath, Entry['type']>()
  for (const entry of entries) {
    const { path } = entry
    if (!staysBelow(path)) throw damaged('a path leaves its place')
    if (seen.has(path)) throw damaged('a path stands twice')
    const unit = unitOf(path, header.units)
    if (unit === undefined) throw damaged('a path is in no unit')
    if (path !== unit && seen.get(path.slice(0, path.lastIndexOf('/'))) !== 'folder')
      throw damaged('a path is in no folder')
    if (entry.type === 'link' && (seen.get(entry.target) !== 'file' || !entry.target.startsWith(`${unit}/`)))
      throw damaged('a hard link names no file')
    seen.set(path, entry.type)
  }
  return { header, entries }
}

/** The ids of all chunks that a manifest needs. */
export const chunksOf = (entries: readonly Entry[]): ReadonlySet<string> =>
  new Set(
    entries.flatMap((entry) => (entry.type === 'file' ? entry.pieces.map(([id]) => id).filter((id) => id !== '') : [])),
  )
