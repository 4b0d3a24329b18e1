import { statSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../../cli/fail.ts'
import { findImage } from '../../images/deliver/docker-archive.ts'
import { readImagesLock } from '../../images/layout/digests-lock.ts'
import { blobPath, type Layout, openLayout } from '../../images/layout/layout.ts'
import { contentName, type ReleaseImage, type ReleaseLayer } from '../content/release.ts'

const layersOf = (layout: Layout, platform: string): readonly ReleaseLayer[] => {
  const { manifest, config } = findImage(layout, platform)
  const diffIds = config.rootfs.diff_ids
  if (diffIds.length !== manifest.layers.length)
    throw new CliError(
      `${layout.folder}: ${manifest.layers.length} layers and ${diffIds.length} sums of them: build the image again`,
    )
  return manifest.layers.map(({ digest, size }, at) => {
    const there = statSync(blobPath(layout.folder, { digest }), { throwIfNoEntry: false })
    if (there?.size !== size)
      throw new CliError(
        `${layout.folder}: the layer ${digest} is ${there === undefined ? 'missing' : `${there.size} bytes and not ${size}`}: build the image again`,
      )
    return { digest, size, diffId: diffIds[at] ?? '' }
  })
}

/**
 * The images that `bun run build-distroless` left in `dist`, for one platform (`linux/arm64`), each as its lock has it.
 * `repository` is where a registry has them, `HOST/PATH`. Layers are looked at by their size, all else by its digest.
 * Throws CliError for an image that is not the one of the lock, is incomplete or has no such platform.
 */
export const releaseImages = (dist: string, platform: string, repository: string): readonly ReleaseImage[] => {
  const { digests } = readImagesLock(dist)
  return Object.entries(digests)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([service, digest]) => {
      const layout = openLayout(join(dist, service))
      if (layout.root.descriptor.digest !== digest)
        throw new CliError(
          `${layout.folder} is ${layout.root.descriptor.digest} and its lock says ${digest}: build the image again`,
        )
      const { manifest, documents } = findImage(layout, platform)
      return {
        service,
        name: contentName(repository, service, digest),
        pull: `${repository}@${digest}`,
        digest,
        manifest: documents.manifest.descriptor.digest,
        config: manifest.config.digest,
        layers: layersOf(layout, platform),
      }
    })
}
