import { posix } from 'node:path'
import type { TarEntry } from '#common/stream/tar'
import type { ReadEntry } from '#common/stream/untar'
import { baseFolders } from './base-contents.ts'

/** Entries of layers: paths of a merged /usr, owners and modes by table and never by the machine. Pure. */

/** `lib/x` as `usr/lib/x`: the top folders of a merged /usr are links, and no layer may put a folder over one. */
export const mergeUsr = (path: string): string => path.replace(/^(bin|sbin|lib|lib32|lib64|libx32)(?=\/|$)/, 'usr/$1')

export const file = (path: string, data: Uint8Array | string, mode: 0o644 | 0o755 = 0o644): TarEntry => ({
  path,
  type: 'file',
  mode,
  uid: 0,
  gid: 0,
  data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
})

export const link = (path: string, target: string): TarEntry => ({
  path,
  type: 'link',
  mode: 0o777,
  uid: 0,
  gid: 0,
  target,
})

export const folder = (path: string, { mode = 0o755, owner = 0 } = {}): TarEntry => ({
  path,
  type: 'folder',
  mode,
  uid: owner,
  gid: owner,
})

/** Paths of files and links; a folder above them belongs to no package, since several may bring it. */
export const filePaths = (entries: readonly TarEntry[]): readonly string[] =>
  entries.filter(({ type }) => type !== 'folder').map(({ path }) => path)

/** The folders above a path, as every layer must have them: alike, or the last layer would win. */
const above = (path: string): readonly string[] => {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
}

/** The entries with the folders above them that are missing. */
export const withFolders = (entries: readonly TarEntry[]): readonly TarEntry[] => {
  const present = new Set(entries.map(({ path }) => path))
  const missing = new Set(entries.flatMap(({ path }) => above(path)).filter((path) => !present.has(path)))
  return [...[...missing].map((path) => folder(path, baseFolders[path])), ...entries]
}

/** Where a link of a package leads, from its new place. */
const targetOf = (from: string, target: string): { readonly path: string; readonly text: string } => {
  const old = posix.isAbsolute(target) ? target.slice(1) : posix.join(posix.dirname(from), target)
  const path = mergeUsr(posix.normalize(old))
  return { path, text: posix.isAbsolute(target) ? `/${path}` : posix.relative(posix.dirname(mergeUsr(from)), path) }
}

/** A file of a package at its place in the image, and for a link the path that it leads to. */
export type Placed = { readonly entry: TarEntry; readonly leadsTo?: string }

/** Files, folders and links of a package with our owners and modes: no set-id bits, nothing that others may write. */
export const place = (files: readonly ReadEntry[]): readonly Placed[] => {
  const contents = new Map(files.map((one) => [one.path, one]))
  return files.map((one) => {
    const path = mergeUsr(one.path)
    if (one.type === 'folder') return { entry: folder(path) }
    if (one.type === 'link') {
      const target = targetOf(one.path, one.target)
      return { entry: link(path, target.text), leadsTo: target.path }
    }
    if (one.type !== 'file' && one.type !== 'hard-link')
      throw new RangeError(`${one.path} is a ${one.type}, which no image may hold`)
    // A second name of a file becomes a second file: hard links across layers are a trap.
    const source = one.type === 'file' ? one : contents.get(one.target.replace(/^\.?\//, ''))
    if (source === undefined) throw new RangeError(`${one.path} is a hard link to ${one.target}, which is not there`)
    return { entry: file(path, source.data, (source.mode & 0o111) === 0 ? 0o644 : 0o755) }
  })
}
