import type { TarEntry } from '#common/stream/tar'
import { filePaths, withFolders } from './entries.ts'
import type { LayerContent } from './layer.ts'
import type { NamedPackage } from './layer-plan.ts'
import { allowed, describeComponent, type GetPackage, openPackage, statusEntry } from './packages.ts'

/** Two packages may both bring a folder; a file that both bring would be a conflict that dpkg refuses too. */
const once = (entries: readonly TarEntry[]): readonly TarEntry[] => {
  const folders = new Map(entries.filter(({ type }) => type === 'folder').map((entry) => [entry.path, entry]))
  return [...entries.filter(({ type }) => type !== 'folder'), ...folders.values()]
}

/** A layer of Debian packages, less what is left out (exclusions.ts). */
export const readDebianLayer = async (
  packages: readonly NamedPackage[],
  getPackage: GetPackage,
): Promise<LayerContent> => {
  const opened = await Promise.all(packages.map((pinned) => openPackage(pinned, getPackage)))
  const taken = opened.map((one) => ({ one, entries: allowed(one.placed) }))
  const status = opened.map(statusEntry)
  return {
    title: `Debian packages: ${packages.map(({ name }) => name).join(' ')}`,
    entries: withFolders([...once(taken.flatMap(({ entries }) => entries)), ...status]),
    components: taken.map(({ one, entries }) => describeComponent(one, entries)),
    own: filePaths(status),
  }
}
