import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, utf8 } from '#common/stream/bytes'
import { digestOf } from './layout.ts'
import { type Descriptor, MEDIA } from './model.ts'

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

const BLOCK = 512

const header = ({ path, mode = 0o644, type = '0', link = '', uid = 0 }: FixtureEntry, size: number) => {
  const block = new Uint8Array(BLOCK)
  const put = (at: number, text: string) => block.set(utf8(text), at)
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, '0')}\0`
  put(0, path)
  put(100, octal(mode, 7))
  put(108, octal(uid, 7))
  put(116, octal(uid, 7))
  put(124, octal(size, 11))
  put(136, octal(0, 11))
  put(148, ' '.repeat(8))
  put(156, type)
  put(157, link)
  put(257, 'ustar\x0000')
  put(
    148,
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )} `,
  )
  return block
}

/** A tar archive; names may have 100 bytes. */
export const fixtureTar = (entries: readonly FixtureEntry[]): Uint8Array<ArrayBuffer> =>
  concat(
    ...entries.flatMap((entry) => {
      const content =
        typeof entry.content === 'string' ? utf8(entry.content) : (entry.content ?? new Uint8Array())
      return [
        header(entry, content.length),
        content,
        new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK),
      ]
    }),
    new Uint8Array(2 * BLOCK),
  )

/** Writes blobs by digest, and returns what points at them. */
export const blobWriter = (folder: string) => {
  mkdirSync(join(folder, 'blobs', 'sha256'), { recursive: true })
  return (bytes: Uint8Array, mediaType: string): Descriptor => {
    const digest = digestOf(bytes)
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
        rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
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
  writeFileSync(
    join(folder, 'index.json'),
    json({ schemaVersion: 2, mediaType: MEDIA.index, manifests: [index] }),
  )
  return index.digest
}
