import type { TarEntry } from '#common/stream/tar'
import { type Deb, readDeb } from '../format/deb.ts'
import { parseStanza } from '../lock/control.ts'
import { file, filePaths, type Placed, place } from './entries.ts'
import { excludedFiles, findExclusion } from './exclusions.ts'
import type { Component } from './layer.ts'
import type { NamedPackage } from './layer-plan.ts'
import { parseLicences } from './licences.ts'

/** Gets the pinned file of a package. */
export type GetPackage = (pinned: NamedPackage) => Promise<Uint8Array>

export type Opened = { readonly pinned: NamedPackage; readonly deb: Deb; readonly placed: readonly Placed[] }

/** Reads a package and puts its files where they belong in an image. */
export const openPackage = async (pinned: NamedPackage, getPackage: GetPackage): Promise<Opened> => {
  const deb = await readDeb(await getPackage(pinned))
  return { pinned, deb, placed: place(deb.files) }
}

const isScript = (entry: TarEntry): boolean => entry.type === 'file' && entry.data[0] === 0x23 && entry.data[1] === 0x21

/** Folders that a program finds its state in; an empty one elsewhere is dust. */
const isStateFolder = ({ path, type }: TarEntry): boolean => type === 'folder' && /^(var|etc)\/[^/]+\/[^/]+/.test(path)

/** What of a package an image may hold: no file of the table of what is left out, no script, no link to either. */
export const allowed = (placed: readonly Placed[]): readonly TarEntry[] => {
  const allowedFiles = placed.filter(
    ({ entry }) =>
      findExclusion(entry.type === 'folder' ? `${entry.path}/` : entry.path, excludedFiles) === undefined &&
      !isScript(entry) &&
      (entry.type !== 'folder' || isStateFolder(entry)),
  )
  const allowedPaths = new Set(allowedFiles.map(({ entry }) => entry.path))
  const left = new Set(placed.map(({ entry }) => entry.path).filter((path) => !allowedPaths.has(path)))
  return allowedFiles.flatMap(({ entry, leadsTo }) => (leadsTo !== undefined && left.has(leadsTo) ? [] : [entry]))
}

/** The copyright file, which travels with every copy of a package. */
export const copyright = ({ pinned: { name }, placed }: Opened): readonly TarEntry[] =>
  placed
    .map(({ entry }) => entry)
    .filter(({ path, type }) => path === `usr/share/doc/${name}/copyright` && type === 'file')

/** The package's control file where scanners of images without dpkg look for it. */
export const statusEntry = ({ pinned, deb }: Opened): TarEntry =>
  file(`var/lib/dpkg/status.d/${pinned.name}`, `${deb.control.trimEnd()}\n`)

/** The package as a bill of materials names it; `taken` is what an image holds of it. */
export const describeComponent = (opened: Opened, taken: readonly TarEntry[]): Component => {
  const { Architecture: architecture = '', Source: source = '' } = parseStanza(opened.deb.control)
  const [text] = copyright(opened)
  const { name, version, sha256 } = opened.pinned
  return {
    kind: 'deb',
    name,
    version,
    architecture,
    source: source.split(' ')[0] || name,
    licences: text?.type === 'file' ? parseLicences(new TextDecoder().decode(text.data)) : [],
    sha256,
    files: filePaths(taken),
  }
}
