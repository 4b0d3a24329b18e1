import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { type Descriptor, ImageConfig, Index, Manifest, MEDIA, parseDocument, platformName } from '../format/oci.ts'

/** A small document of an image: what points at it, and its exact bytes. */
export type Blob = { readonly descriptor: Descriptor; readonly bytes: Uint8Array }

/** One image of one platform. Its layers stay on disk. */
export type PlatformImage = {
  readonly platform: string
  readonly manifest: Manifest
  readonly config: ImageConfig
  readonly documents: { readonly manifest: Blob; readonly config: Blob }
}

/** An OCI image layout folder. `root` is the multi-platform index: its digest is that of the image. */
export type Layout = { readonly folder: string; readonly root: Blob; readonly images: readonly PlatformImage[] }

/** `sha256:` and the hash of some bytes. */
export const computeDigest = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** Path of a blob; the digest has been checked to be `sha256:` and hex. */
export const blobPath = (folder: string, { digest }: { readonly digest: string }): string =>
  join(folder, 'blobs', ...digest.split(':'))

const readBlob = (folder: string, descriptor: Descriptor, what: string): Blob => {
  const path = blobPath(folder, descriptor)
  if (!existsSync(path)) throw new CliError(`${what} is missing: ${path}`)
  const bytes = readFileSync(path)
  if (bytes.length !== descriptor.size || computeDigest(bytes) !== descriptor.digest)
    throw new CliError(`${what} is not what its digest says: ${path} was changed or is incomplete`)
  return { descriptor, bytes }
}

/** `index.json` names the multi-platform index, or is it (both are in use). */
const readRoot = (folder: string): Blob => {
  const path = join(folder, 'index.json')
  if (!existsSync(path)) throw new CliError(`${folder} is no OCI image layout: it has no index.json`)
  const bytes = readFileSync(path)
  const index = parseDocument(Index, bytes, path)
  const [only] = index.manifests
  if (index.manifests.length === 1 && only?.mediaType === MEDIA.index)
    return readBlob(folder, only, `the index of ${folder}`)
  return { descriptor: { mediaType: MEDIA.index, digest: computeDigest(bytes), size: bytes.length }, bytes }
}

const imageOf = (folder: string, descriptor: Descriptor): PlatformImage => {
  const manifestBlob = readBlob(folder, descriptor, `a manifest of ${folder}`)
  const manifest = parseDocument(Manifest, manifestBlob.bytes, `the manifest ${descriptor.digest}`)
  const configBlob = readBlob(folder, manifest.config, `a configuration of ${folder}`)
  const config = parseDocument(ImageConfig, configBlob.bytes, `the configuration ${manifest.config.digest}`)
  return {
    platform: platformName(descriptor.platform ?? config),
    manifest,
    config,
    documents: { manifest: manifestBlob, config: configBlob },
  }
}

/** Opens an OCI image layout; layers are not read. Throws CliError that names the file that is missing or wrong. */
export const openLayout = (folder: string): Layout => {
  const root = readRoot(folder)
  const { manifests } = parseDocument(Index, root.bytes, `the index of ${folder}`)
  return { folder, root, images: manifests.map((descriptor) => imageOf(folder, descriptor)) }
}

/** Every blob that the manifests name, once each: layers and configurations. */
export const listBlobs = ({ images }: Layout): readonly Descriptor[] => [
  ...new Map(
    images.flatMap(({ manifest }) => [...manifest.layers, manifest.config]).map((one) => [one.digest, one]),
  ).values(),
]
