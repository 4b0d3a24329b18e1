import { utf8 } from '#common/stream/bytes'
import { BLOCK, END_SIZE, encodeHeader, padded, padding } from '#common/stream/tar'
import { CliError } from '../../cli/fail.ts'
import { type Descriptor, MEDIA } from '../format/oci.ts'
import { blobPath, type Layout, type PlatformImage } from '../layout/layout.ts'

/** An image to load: one service, under the names it shall have. */
export type Loadable = { readonly layout: Layout; readonly reference: string }

type Part = { readonly name: string; readonly size: number; readonly content: Uint8Array<ArrayBuffer> | string }

const json = (name: string, value: unknown): Part => {
  const content = utf8(JSON.stringify(value))
  return { name, size: content.length, content }
}

const blobName = (digest: string): string => `blobs/${digest.replace(':', '/')}`

/** The image of a platform. Throws CliError when the layout has none. */
export const findImage = ({ folder, images }: Layout, platform: string): PlatformImage => {
  const found = images.find((image) => image.platform === platform || `${image.platform}`.startsWith(`${platform}/`))
  if (found === undefined)
    throw new CliError(
      `${folder} has no image for ${platform}, only for ${images.map((one) => one.platform).join(', ')}`,
    )
  return found
}

/** The registry that an engine means when a name has none, from what it says of its index. Undefined when it says nothing. */
export const parseDomain = (indexServer: string): string | undefined => {
  const { hostname } = URL.canParse(indexServer) ? new URL(indexServer) : { hostname: '' }
  return hostname.replace(/^index\./, '') || undefined
}

/** A name in full, as containerd keeps it: an engine with that store finds an image by no shorter one. */
const fullName = (reference: string, domain: string | undefined): string => {
  const [first = '', ...rest] = reference.split('/')
  if (domain === undefined) return reference
  if (rest.length === 0) return `${domain}/library/${reference}`
  return /[.:]/.test(first) || first === 'localhost' ? reference : `${domain}/${reference}`
}

const blobsIn = (folder: string, image: PlatformImage): readonly Part[] => {
  const { manifest, documents } = image
  const file = ({ digest, size }: Descriptor): Part => ({
    name: blobName(digest),
    size,
    content: blobPath(folder, { digest }),
  })
  return [documents.manifest.descriptor, manifest.config, ...manifest.layers].map(file)
}

/** What `docker load` takes of one platform: an OCI image layout, and `manifest.json` for engines before 25. */
export const archiveParts = (
  images: readonly Loadable[],
  platform: string,
  { domain }: { readonly domain?: string | undefined } = {},
): readonly Part[] => {
  const chosen = images.map(({ layout, reference }) => ({
    reference,
    folder: layout.folder,
    image: findImage(layout, platform),
  }))
  const manifests = chosen.map(({ reference, image }) => ({
    ...image.documents.manifest.descriptor,
    annotations: {
      'io.containerd.image.name': fullName(reference, domain),
      'org.opencontainers.image.ref.name': reference.slice(reference.lastIndexOf(':') + 1),
    },
  }))
  const legacy = chosen.map(({ reference, image: { manifest } }) => ({
    Config: blobName(manifest.config.digest),
    RepoTags: [reference],
    Layers: manifest.layers.map(({ digest }) => blobName(digest)),
  }))
  const blobs = new Map(chosen.flatMap(({ folder, image }) => blobsIn(folder, image)).map((part) => [part.name, part]))
  return [
    json('oci-layout', { imageLayoutVersion: '1.0.0' }),
    json('index.json', { schemaVersion: 2, mediaType: MEDIA.index, manifests }),
    json('manifest.json', legacy),
    ...blobs.values(),
  ]
}

/** Bytes of the archive of these parts. */
export const archiveSize = (parts: readonly Part[]): number =>
  parts.reduce((sum, { size }) => sum + BLOCK + padded(size), 0) + END_SIZE

/** The archive as a stream of pieces; no blob is ever held whole. Throws CliError when a blob is not as long as it should be. */
export const archiveStream = async function* (parts: readonly Part[]): AsyncGenerator<Uint8Array> {
  for (const { name, size, content } of parts) {
    yield encodeHeader({ name, size })
    if (typeof content === 'string') {
      let sent = 0
      for await (const piece of Bun.file(content).stream()) {
        sent += piece.length
        yield piece
      }
      if (sent !== size) throw new CliError(`${content} has ${sent} bytes and not ${size}: build the image again`)
    } else yield content
    yield padding(size)
  }
  yield new Uint8Array(END_SIZE)
}
