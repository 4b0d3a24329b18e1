import { inParallel } from '#common/stream/limiter'
import { CliError } from '../../cli/fail.ts'
import { type Descriptor, MEDIA } from '../format/oci.ts'
import { type Blob, blobPath, type Layout, listBlobs } from '../layout/layout.ts'
import type { Network } from './network.ts'
import type { Registry } from './registry.ts'
import { hasBlob, newTransfer, type Source, upload } from './upload.ts'

/** What happened to a blob, or that some bytes of one went out. */
export type PushEvent =
  | { readonly kind: 'sent'; readonly digest: string; readonly bytes: number }
  | { readonly kind: 'uploaded' | 'mounted' | 'there'; readonly digest: string; readonly size: number }

/** What a push did. `bytes` went out as content of blobs, those that were sent again included. */
export type Pushed = {
  readonly reference: string
  readonly digest: string
  /** False when the tag pointed at this image already; nothing else was asked then. */
  readonly changed: boolean
  readonly uploaded: number
  readonly mounted: number
  readonly there: number
  readonly bytes: number
}

export type PushOptions = {
  readonly tag: string
  /** Repositories of the same registry that may have the blobs. */
  readonly mountFrom?: readonly string[]
  readonly network: Network
  /** Digests that the repository is known to have; those of this push are added. */
  readonly present?: Set<string>
  readonly onEvent?: (event: PushEvent) => void
}

const WIDTH = 3

const accept = { accept: [MEDIA.index, MEDIA.manifest].join(', ') }

const sourceOf = (folder: string, descriptor: Descriptor): Source => {
  const file = Bun.file(blobPath(folder, descriptor))
  return {
    digest: descriptor.digest,
    size: descriptor.size,
    read: async (from, to) => {
      const bytes = await file.slice(from, to).bytes()
      if (bytes.length !== to - from)
        throw new CliError(`${blobPath(folder, descriptor)} is shorter than its manifest says: build the image again`)
      return bytes
    },
  }
}

/** Asks the registry to take a blob over from another of its repositories; false when it will not. */
const mount = async ({ repository, call }: Registry, digest: string, from: string): Promise<boolean> => {
  const query = new URLSearchParams({ mount: digest, from })
  const to = `/v2/${repository.name}/blobs/uploads/?${query}`
  const response = await call({ method: 'POST', to, answers: [201, 202, 403, 404] })
  await response.body?.cancel()
  if (response.status === 201) return true
  // It has begun an upload instead, which is not wanted like this.
  const location = response.headers.get('location')
  if (response.status === 202 && location !== null)
    await call({ method: 'DELETE', to: location, answers: [202, 204, 404, 405], tries: 1 })
      .then((answer) => answer.body?.cancel())
      .catch(() => undefined) // an upload that is left open ends by itself
  return false
}

const tagDigest = async ({ repository, call }: Registry, tag: string): Promise<string | undefined> => {
  const to = `/v2/${repository.name}/manifests/${tag}`
  const response = await call({ method: 'HEAD', to, headers: accept, answers: [200, 404] })
  await response.body?.cancel()
  return response.status === 200 ? (response.headers.get('docker-content-digest') ?? undefined) : undefined
}

const putManifest = async ({ repository, call }: Registry, blob: Blob, under: string): Promise<void> => {
  const { digest, mediaType } = blob.descriptor
  const response = await call({
    method: 'PUT',
    to: `/v2/${repository.name}/manifests/${under}`,
    headers: { 'content-type': mediaType },
    body: new Uint8Array(blob.bytes),
    answers: [201],
  })
  await response.body?.cancel()
  const stored = response.headers.get('docker-content-digest')
  if (stored !== null && stored !== digest)
    throw new CliError(`the registry keeps ${under} as ${stored} and not as ${digest}: it changes what it is given`)
}

/** Pushes blobs, then manifests, then the index under its tag, for all platforms. Throws RegistryError. */
export const pushLayout = async (
  registry: Registry,
  layout: Layout,
  { tag, mountFrom = [], network, present = new Set(), onEvent = () => {} }: PushOptions,
): Promise<Pushed> => {
  const { digest } = layout.root.descriptor
  const { host, name } = registry.repository
  const count = { uploaded: 0, mounted: 0, there: 0, bytes: 0 }
  const done = (changed: boolean): Pushed => ({ reference: `${host}/${name}:${tag}`, digest, changed, ...count })
  if ((await tagDigest(registry, tag)) === digest) return done(false)

  const transfer = newTransfer()
  const settle = (kind: 'uploaded' | 'mounted' | 'there', blob: Descriptor): void => {
    count[kind]++
    present.add(blob.digest)
    onEvent({ kind, digest: blob.digest, size: blob.size })
  }
  await inParallel(listBlobs(layout), WIDTH, async (blob) => {
    if (present.has(blob.digest) || (await hasBlob(registry, blob.digest))) return settle('there', blob)
    for (const from of mountFrom) if (await mount(registry, blob.digest, from)) return settle('mounted', blob)
    const onSent = (bytes: number): void => {
      count.bytes += bytes
      onEvent({ kind: 'sent', digest: blob.digest, bytes })
    }
    await upload(registry, sourceOf(layout.folder, blob), { network, transfer, onSent })
    settle('uploaded', blob)
  })
  for (const { documents } of layout.images)
    await putManifest(registry, documents.manifest, documents.manifest.descriptor.digest)
  await putManifest(registry, layout.root, tag)
  return done(true)
}
