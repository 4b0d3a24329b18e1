import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, utf8 } from '#common/stream/bytes'
import { END_SIZE, encodeHeader, FLAGS, padding } from '#common/stream/tar'
import { type Descriptor, MEDIA } from '../format/oci.ts'
import { computeDigest } from './layout.ts'

/** Small images for tests, with everything in them that a real one must never have, when asked. */

export type FixtureEntry = {
  readonly path: string
  readonly content?: string | Uint8Array
  readonly mode?: number
  /** `0` file, `1` hard link, `2` symbolic link, `3` character device, `5` folder. */
  readonly type?: string
  readonly link?: string
  readonly uid?: number
}

export type FixtureImage = {
  readonly architecture: string
  readonly layers: readonly (readonly FixtureEntry[])[]
  readonly config?: Readonly<Record<string, unknown>>
  /** One more layer, as it is stored: no archive. */
  readonly stored?: Uint8Array
}

/** A tar archive of any kinds of entries, those too that no writer of ours makes. */
export const fixtureTar = (entries: readonly FixtureEntry[]): Uint8Array<ArrayBuffer> =>
  concat(
    ...entries.flatMap(({ path, content = '', mode = 0o644, type = FLAGS.file, link = '', uid = 0 }) => {
      const data = typeof content === 'string' ? utf8(content) : content
      const header = encodeHeader({ name: path, size: data.length, mode, uid, gid: uid, flag: type, target: link })
      return [header, data, padding(data.length)]
    }),
    new Uint8Array(END_SIZE),
  )

/** Writes blobs by digest, and returns what points at them. */
export const blobWriter = (folder: string) => {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true })
  return (bytes: Uint8Array, mediaType: string): Descriptor => {
    const digest = computeDigest(bytes)
    writeFileSync(join(folder, 'blobs', ...digest.split(':')), bytes)
    return { mediaType, digest, size: bytes.length }
  }
}

const json = (value: unknown) => utf8(JSON.stringify(value))

/** What a good image says of itself. */
export const goodConfig = {
  User: '65532:65532',
  Entrypoint: ['/usr/local/bin/bun', '/app/main.js'],
  Env: ['PATH=/usr/local/bin'],
  Healthcheck: { Test: ['CMD', '/usr/local/bin/bun', '/app/health.js'] },
}

/** Writes an OCI image layout with a multi-platform index; answers the digest of the index. */
export const writeLayout = (folder: string, images: readonly FixtureImage[]): string => {
  const write = blobWriter(folder)
  const manifests = images.map(({ architecture, layers, config = goodConfig, stored }): Descriptor => {
    const tars = layers.map(fixtureTar)
    const configuration = write(
      json({
        architecture,
        os: 'linux',
        config,
        rootfs: { type: 'layers', diff_ids: tars.map((tar) => computeDigest(tar)) },
      }),
      MEDIA.config,
    )
    const manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: configuration,
      layers: [
        ...tars.map((tar) => write(Bun.gzipSync(tar), MEDIA.layer)),
        ...(stored === undefined ? [] : [write(stored, MEDIA.layer)]),
      ],
    }
    return { ...write(json(manifest), MEDIA.manifest), platform: { os: 'linux', architecture } }
  })
  const index = write(json({ schemaVersion: 2, mediaType: MEDIA.index, manifests }), MEDIA.index)
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
  writeFileSync(join(folder, 'index.json'), json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [index] }))
  return index.digest
}
