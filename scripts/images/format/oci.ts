import { type Static, type TSchema, Type } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { type JsonBounds, parseJson } from '#common/stream/bounded-json'
import { CliError } from '../../cli/fail.ts'

/** The documents of an OCI image (image-spec 1.1), as far as we write and check them. */

const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
const Strings = Type.Record(Type.String(), Type.String())
const Words = Type.Array(Type.String())

export const MEDIA = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const

/** Points at a blob: `digest` is `sha256:` and 64 lower-case hex digits, `size` bytes. */
export const Descriptor = Type.Object({
  mediaType: Type.String(),
  digest: Digest,
  size: Type.Integer({ minimum: 0 }),
  platform: Type.Optional(
    Type.Object({ os: Type.String(), architecture: Type.String(), variant: Type.Optional(Type.String()) }),
  ),
  annotations: Type.Optional(Strings),
})
export type Descriptor = Static<typeof Descriptor>

export const Index = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  manifests: Type.Array(Descriptor),
})
export type Index = Static<typeof Index>

export const Manifest = Type.Object({
  schemaVersion: Type.Literal(2),
  mediaType: Type.Optional(Type.String()),
  config: Descriptor,
  layers: Type.Array(Descriptor),
  annotations: Type.Optional(Strings),
})
export type Manifest = Static<typeof Manifest>

/** `Healthcheck` is Docker's own addition to the OCI configuration. */
export const ImageConfig = Type.Object({
  os: Type.String(),
  architecture: Type.String(),
  config: Type.Optional(
    Type.Object({
      User: Type.Optional(Type.String()),
      Entrypoint: Type.Optional(Type.Union([Words, Type.Null()])),
      Cmd: Type.Optional(Type.Union([Words, Type.Null()])),
      Env: Type.Optional(Type.Union([Words, Type.Null()])),
      Labels: Type.Optional(Type.Union([Strings, Type.Null()])),
      Healthcheck: Type.Optional(Type.Object({ Test: Type.Optional(Words) })),
    }),
  ),
  rootfs: Type.Object({ type: Type.Literal('layers'), diff_ids: Type.Array(Digest) }),
})
export type ImageConfig = Static<typeof ImageConfig>

/** The largest document here is a list of the packages of an image, ten values each. */
const BOUNDS: JsonBounds = { depth: 32, parts: 1_000_000 }

/** A document read from bytes. Throws CliError that names `what` and the first thing that is not as it must be. */
export const parseDocument = <T extends TSchema>(schema: T, bytes: Uint8Array, what: string): Static<T> => {
  let value: unknown
  try {
    value = parseJson(bytes, BOUNDS)
  } catch {
    throw new CliError(`${what} is not JSON: build the image again`)
  }
  if (Value.Check(schema, value)) return value
  const first = Value.Errors(schema, value).First()
  throw new CliError(`${what} is no such document: ${first?.path || '/'} ${first?.message ?? ''}`.trim())
}

/** `linux/arm64`, with the variant where there is one. */
export const platformName = (platform: {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}): string => [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/')
