import type { TarEntry } from '#common/stream/tar'
import { baseFiles, baseFolders, baseLinks, basePackages, CA_BUNDLE, CA_SOURCES } from './base-contents.ts'
import { file, folder, link, withFolders } from './entries.ts'
import type { LayerContent } from './layer.ts'
import type { NamedPackage } from './layer-plan.ts'
import { copyright, describeComponent, type GetPackage, type Opened, openPackage, statusEntry } from './packages.ts'

/** Certificates in one file, each ended by a newline, in the order of their names. */
const caBundle = (entries: readonly TarEntry[]): Uint8Array =>
  Buffer.concat(
    entries
      .filter(({ path }) => path.startsWith(CA_SOURCES))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1))
      .flatMap((entry) => (entry.type === 'file' ? [Buffer.from(entry.data), Buffer.from('\n')] : [])),
  )

const selectFiles = ({ pinned, placed }: Opened): readonly TarEntry[] => {
  const patterns = (basePackages[pinned.name]?.keep ?? []).map((pattern) => new RegExp(pattern))
  const found = placed
    .map(({ entry }) => entry)
    .filter(({ path, type }) => type !== 'folder' && patterns.some((pattern) => pattern.test(path)))
  const idle = patterns.find((pattern) => !found.some(({ path }) => pattern.test(path)))
  // Of the loader's two places each architecture has one.
  if (found.length === 0 || (idle !== undefined && pinned.name !== 'libc6'))
    throw new RangeError(`the package ${pinned.name} has no file for ${idle?.source ?? 'the base'}: it has changed`)
  return found
}

/** The base layer (base-contents.ts). */
export const readBaseLayer = async (
  packages: readonly NamedPackage[],
  getPackage: GetPackage,
): Promise<LayerContent> => {
  const opened = await Promise.all(packages.map((pinned) => openPackage(pinned, getPackage)))
  const found = opened.map((one) => ({ one, entries: selectFiles(one) }))
  const taken = found.map(({ one, entries }) => ({
    one,
    entries: [...entries.filter(({ path }) => !path.startsWith(CA_SOURCES)), ...copyright(one)],
  }))
  const own = [
    file(CA_BUNDLE, caBundle(found.flatMap(({ entries }) => entries))),
    ...Object.entries(baseFiles).map(([path, text]) => file(path, text)),
    ...Object.entries(baseFolders).map(([path, facts]) => folder(path, facts)),
    ...Object.entries(baseLinks).map(([path, target]) => link(path, target)),
    ...opened.map(statusEntry),
  ]
  const linkTargets = [folder('usr/bin'), folder('usr/sbin'), folder('usr/lib64')]
  return {
    title: 'base',
    entries: withFolders([...taken.flatMap(({ entries }) => entries), ...own, ...linkTargets]),
    components: taken.map(({ one, entries }) => describeComponent(one, entries)),
    own: own.map(({ path }) => path),
  }
}
