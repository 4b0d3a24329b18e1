import { decodeTar, type ReadEntry } from '#common/stream/untar'
import { file, withFolders } from './entries.ts'
import type { Component, LayerContent } from './layer.ts'
import type { NamedTarball } from './layer-plan.ts'

/** Gets the pinned tarball of an npm package. */
export type GetTarball = (pinned: NamedTarball) => Promise<Uint8Array>

const open = async (pinned: NamedTarball, getTarball: GetTarball): Promise<readonly ReadEntry[]> =>
  decodeTar(Bun.gunzipSync(new Uint8Array(await getTarball(pinned))))

const only = (files: readonly ReadEntry[], pattern: RegExp, name: string): Uint8Array => {
  const found = files.filter(({ path, type }) => type === 'file' && pattern.test(path))
  const [one] = found
  if (one === undefined || found.length > 1) throw new RangeError(`npm's ${name} has not exactly one ${pattern.source}`)
  return one.data
}

const licenceOf = (files: readonly ReadEntry[]): readonly string[] => {
  const manifest = files.find(({ path }) => path === 'package/package.json')
  const { license } = JSON.parse(new TextDecoder().decode(manifest?.data ?? new TextEncoder().encode('{}')))
  return typeof license === 'string' ? [license] : []
}

const componentOf = (
  {
    pinned,
    architecture,
    files,
  }: { readonly pinned: NamedTarball; readonly architecture: string; readonly files: readonly ReadEntry[] },
  path: string,
): Component => ({
  kind: 'npm',
  name: pinned.name,
  version: pinned.version,
  architecture,
  licences: licenceOf(files),
  integrity: pinned.integrity,
  files: [path],
})

const BUN = 'usr/local/bin/bun'

/** The layer with the Bun runtime at /usr/local/bin/bun: one for all images of a platform. */
export const readBunLayer = async (
  pinned: NamedTarball,
  architecture: string,
  getTarball: GetTarball,
): Promise<LayerContent> => {
  const files = await open(pinned, getTarball)
  return {
    title: `Bun ${pinned.version}`,
    entries: withFolders([file(BUN, only(files, /^package\/bin\/bun$/, pinned.name), 0o755)]),
    components: [componentOf({ pinned, architecture, files }, BUN)],
    own: [],
  }
}

/** The layer with native addons. */
export const readAddonsLayer = async (
  addons: readonly { readonly path: string; readonly tarball: NamedTarball }[],
  architecture: string,
  getTarball: GetTarball,
): Promise<LayerContent> => {
  const opened = await Promise.all(
    addons.map(async ({ path, tarball }) => ({ path, tarball, files: await open(tarball, getTarball) })),
  )
  return {
    title: `native addons: ${addons.map(({ tarball }) => tarball.name).join(' ')}`,
    entries: withFolders(opened.map(({ path, tarball, files }) => file(path, only(files, /\.node$/, tarball.name)))),
    components: opened.map(({ path, tarball, files }) => componentOf({ pinned: tarball, architecture, files }, path)),
    own: [],
  }
}
