import { gzipSync } from 'node:zlib'
import { concat } from '#common/stream/bytes'
import { END_SIZE, encodeHeader, padding } from '#common/stream/tar'
import { archiveParts, type Loadable } from '../../images/deliver/docker-archive.ts'
import { BLOBS } from './blobs.ts'

/** The archive that `docker load` takes, put together on the host: all but its layers is sent as one small text. */

/** Bytes of ours, or a layer of the host by its hex. */
export type Segment = Uint8Array<ArrayBuffer> | string

type Document = (path: string) => Uint8Array<ArrayBuffer>

/** The archive as segments. `layers` are those that stand in it; `read` gives a small document of this machine. */
export const planSegments = (
  images: readonly Loadable[],
  platform: string,
  {
    layers,
    read,
    domain,
  }: {
    readonly layers: ReadonlySet<string>
    readonly read: Document
    /** The engine's own registry for names without one, as archiveParts takes it. */
    readonly domain?: string | undefined
  },
): readonly Segment[] => {
  const digests = new Set(
    images.flatMap(({ layout }) =>
      layout.images.flatMap(({ manifest }) => manifest.layers.map(({ digest }) => digest)),
    ),
  )
  const segments: Segment[] = []
  let bytes: Uint8Array[] = []
  for (const { name, size, content } of archiveParts(images, platform, { domain })) {
    const digest = name.replace(/^blobs\/sha256\//, 'sha256:')
    if (digests.has(digest) && !layers.has(digest)) continue
    bytes.push(encodeHeader({ name, size }))
    if (digests.has(digest)) {
      segments.push(concat(...bytes), digest.slice(7))
      bytes = []
    } else bytes.push(typeof content === 'string' ? read(content) : content)
    bytes.push(padding(size))
  }
  return [...segments, concat(...bytes, new Uint8Array(END_SIZE))]
}

const FRAMES = '../frames'

/** Loads the archive. Its exit code is that of `docker load`; a host that lacks a layer says which. */
export const loadScript = (segments: readonly Segment[]): string =>
  [
    `cd ${BLOBS} || exit 1`,
    `base64 -d | gzip -dc >${FRAMES} || exit 1`,
    `exec 3<${FRAMES}`,
    '{',
    ...segments.map((segment) =>
      typeof segment === 'string' ? `cat ${segment} || exit 1` : `head -c ${segment.length} <&3 || exit 1`,
    ),
    '} | docker load 2>&1',
    'code=$?',
    `rm -f ${FRAMES}`,
    'exit $code',
  ].join('\n')

/** The input of that script: our own segments, compressed, as text. */
export const loadInput = (segments: readonly Segment[]): string =>
  gzipSync(concat(...segments.filter((one) => typeof one !== 'string'))).toString('base64')
