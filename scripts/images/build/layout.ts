import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { blobPath, checksum, linkOrCopy, writeWhole } from '../packages/cache.ts'
import { LAYOUT, layoutIndex } from './image-documents.ts'

/**
 * dist/images: a folder for each service that is an OCI image layout of its own, and `blobs` with every blob once.
 * The blobs of the layouts are hard links into it (copies where the file system has none), so that each layout
 * can be read, copied and packed alone and the disk holds the common layers once.
 */

/** What the last build noted beside a layout. */
export type BuiltState = {
  /** Checksum of the recipe: catalogue row, locked packages, platforms, version, builder. */
  readonly recipe: string
  /** Checksum of the sources, and which they are. */
  readonly sources: string
  readonly files: readonly string[]
  readonly inputs: string
  readonly reference: string
  readonly index: { readonly digest: string; readonly size: number }
  readonly platforms: Readonly<Record<string, string>>
  readonly size: number
  readonly blobs: Readonly<Record<string, number>>
}

const STATE = 'build.json'

export const layoutFolder = (dist: string, service: string): string => join(dist, service)

const sha = (digest: string) => ({ algorithm: 'sha256', hex: digest.replace(/^sha256:/, '') }) as const

/** Puts a blob of the cache, whose bytes were checked, into the common folder. */
export type ShareBlob = (from: string, digest: string) => void

/** Puts each blob there once a build, over one that is there, which may have been changed; the cached was checked. */
export const blobSharer = (dist: string): ShareBlob => {
  const shared = new Set<string>()
  return (from, digest) => {
    if (shared.has(digest)) return
    linkOrCopy(from, blobPath(dist, sha(digest)))
    shared.add(digest)
  }
}

/** Writes a small document into the common folder and says what points at it. */
export const shareDocument = (dist: string, text: string): { readonly digest: string; readonly size: number } => {
  const bytes = new TextEncoder().encode(text)
  const sum = checksum(bytes)
  writeWhole(blobPath(dist, sum), bytes)
  return { digest: `sha256:${sum.hex}`, size: bytes.length }
}

/** Replaces the layout of a service whole. `files` are documents that lie beside it. */
export const writeLayout = (
  dist: string,
  service: string,
  state: BuiltState,
  files: Readonly<Record<string, string>>,
): void => {
  const fresh = join(dist, `.${service}.new`)
  const final = layoutFolder(dist, service)
  rmSync(fresh, { recursive: true, force: true })
  mkdirSync(join(fresh, 'blobs', 'sha256'), { recursive: true })
  for (const digest of Object.keys(state.blobs)) linkOrCopy(blobPath(dist, sha(digest)), blobPath(fresh, sha(digest)))
  writeWhole(join(fresh, 'oci-layout'), LAYOUT)
  writeWhole(join(fresh, 'index.json'), layoutIndex(state.index, state.reference))
  for (const [name, text] of Object.entries(files)) writeWhole(join(fresh, name), text)
  writeWhole(join(fresh, STATE), JSON.stringify(state))
  rmSync(final, { recursive: true, force: true })
  renameSync(fresh, final)
}

/** Gives an unchanged layout another name to be asked for by. */
export const renameLayout = (dist: string, service: string, state: BuiltState, reference: string): BuiltState => {
  const renamed = { ...state, reference }
  writeWhole(join(layoutFolder(dist, service), 'index.json'), layoutIndex(state.index, reference))
  writeWhole(join(layoutFolder(dist, service), STATE), JSON.stringify(renamed))
  return renamed
}

/** The state of a layout whose files are all there in their size; undefined when it must be made again. */
export const readState = (dist: string, service: string): BuiltState | undefined => {
  const folder = layoutFolder(dist, service)
  try {
    const state = JSON.parse(readFileSync(join(folder, STATE), 'utf8')) as BuiltState // written by writeLayout
    const whole = Object.entries(state.blobs).every(
      ([digest, size]) => statSync(blobPath(folder, sha(digest))).size === size,
    )
    return whole && existsSync(join(folder, 'index.json')) && existsSync(join(folder, 'oci-layout')) ? state : undefined
  } catch {
    return undefined
  }
}

const isOurs = (dist: string, name: string): boolean => existsSync(join(dist, name, STATE)) || /^\..*\.new$/.test(name)

/** Removes layouts of services that are listed no longer, half-made ones, and blobs that no layout has. */
export const sweep = (dist: string, services: readonly string[]): void => {
  if (!existsSync(dist)) return
  for (const name of readdirSync(dist))
    if (!services.includes(name) && isOurs(dist, name)) rmSync(join(dist, name), { recursive: true, force: true })
  const used = new Set(
    services.flatMap((name) => {
      const blobs = join(layoutFolder(dist, name), 'blobs', 'sha256')
      return existsSync(blobs) ? readdirSync(blobs) : []
    }),
  )
  const common = join(dist, 'blobs', 'sha256')
  if (!existsSync(common)) return
  for (const name of readdirSync(common)) if (!used.has(name)) rmSync(join(common, name), { force: true })
}
