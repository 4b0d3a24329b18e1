import { MEDIA } from '../format/oci.ts'
import { type Platform, platforms } from '../format/platform.ts'
import type { PackedLayer } from '../layers/layer.ts'
import type { containerConfig } from './container-config.ts'

/** The documents of an OCI image (image-spec 1.1). Pure. */

/** A layer: the blob as it is stored, and the digest of the tar inside. */
export type Layer = Pick<PackedLayer, 'digest' | 'size' | 'diffId' | 'title'>

/** Seconds of 1970: no image says when it was built, or two builds would differ. */
const NEVER = '1970-01-01T00:00:00Z'

/** The configuration of an image. */
export const imageConfig = (
  platform: Platform,
  config: ReturnType<typeof containerConfig>,
  layers: readonly Layer[],
): string => {
  const { architecture, os } = platforms[platform]
  return JSON.stringify({
    created: NEVER,
    architecture,
    os,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ title }) => ({ created: NEVER, created_by: title })),
  })
}

/** The manifest of an image. */
export const imageManifest = (
  config: { readonly digest: string; readonly size: number },
  layers: readonly Layer[],
): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.manifest,
    config: { mediaType: MEDIA.config, digest: config.digest, size: config.size },
    layers: layers.map(({ digest, size }) => ({ mediaType: MEDIA.layer, digest, size })),
  })

/** An index of manifests: one image for several platforms. */
export const imageIndex = (
  manifests: readonly { readonly platform: Platform; readonly digest: string; readonly size: number }[],
  annotations: Readonly<Record<string, string>>,
): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: manifests.map(({ platform, digest, size }) => ({
      mediaType: MEDIA.manifest,
      digest,
      size,
      platform: { architecture: platforms[platform].architecture, os: platforms[platform].os },
    })),
    annotations,
  })

/** The entry document of a layout folder: points at the image's index, by a name that tools can ask for. */
export const layoutIndex = (index: { readonly digest: string; readonly size: number }, reference: string): string =>
  `${JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA.index,
    manifests: [
      {
        mediaType: MEDIA.index,
        digest: index.digest,
        size: index.size,
        annotations: { 'org.opencontainers.image.ref.name': reference },
      },
    ],
  })}\n`

export const LAYOUT = '{"imageLayoutVersion":"1.0.0"}\n'
