import { type Static, Type } from '@sinclair/typebox'
import { blake3 } from '#common/engines/blake3'
import { TAG_SIZE } from '#common/engines/xchacha'
import { Fault } from '../process/fault.ts'
import { canonicalBytes, canonicalReader, type DocumentBounds } from './canonical-json.ts'
import { MAX_PLAIN } from './chunk-file.ts'
import { Hex24, Hex32, Natural, SessionId, TronAddress } from './fields.ts'
import { MAX_LEAVES, merkleRoot } from './merkle.ts'
import { isOwner } from './owner.ts'
import { gapFaults, timeFaults } from './times.ts'

const strict = { additionalProperties: false } as const
const Length = Type.Integer({ minimum: 1, maximum: MAX_PLAIN })

/**
 * One chunk. `plain` bytes were cut from the stream, `comp` bytes were encrypted (fewer only when compressed),
 * `cipher` = `comp` + 16 bytes of tag; `sha256` is over ciphertext || tag, `leaf` is the prefixed leaf hash.
 */
export const ManifestChunk = Type.Object(
  {
    i: Type.Integer({ minimum: 0, maximum: MAX_LEAVES - 1 }),
    plain: Length,
    comp: Length,
    cipher: Type.Integer({ minimum: 1 + TAG_SIZE, maximum: MAX_PLAIN + TAG_SIZE }),
    leaf: Hex32,
    sha256: Hex32,
    nonce: Hex24,
  },
  strict,
)
export type ManifestChunk = Static<typeof ManifestChunk>

/** Recorded time from `from` to `to` is missing before chunk `at`; `at` = chunk_count means at the end. */
export const Gap = Type.Object(
  {
    at: Type.Integer({ minimum: 0, maximum: MAX_LEAVES }),
    from: Natural,
    to: Natural,
    reason: Type.String({ minLength: 1, maxLength: 200 }),
  },
  strict,
)
export type Gap = Static<typeof Gap>

/** The only codec of manifest version 1. */
export const CODEC = {
  compression: 'zstd',
  level: 3,
  cipher: 'XChaCha20-Poly1305',
  kdf: 'HKDF-BLAKE2b-512',
  hash: 'BLAKE3',
} as const

const Codec = Type.Object(
  {
    compression: Type.Literal(CODEC.compression),
    level: Type.Integer({ minimum: 1, maximum: 22 }),
    cipher: Type.Literal(CODEC.cipher),
    kdf: Type.Literal(CODEC.kdf),
    hash: Type.Literal(CODEC.hash),
  },
  strict,
)

const People = Type.Array(TronAddress, { maxItems: 1000, uniqueItems: true })

/** The session manifest, version 1 (SPEC section 4): all that a verifier needs to know of a session, without its content. */
export const Manifest = Type.Object(
  {
    v: Type.Literal(1),
    session_id: SessionId,
    session_public_key: Hex32,
    owner: TronAddress,
    started_at: Natural,
    ended_at: Natural,
    participants: People,
    observers: People,
    codec: Codec,
    chunk_size: Length,
    chunk_count: Type.Integer({ minimum: 1, maximum: MAX_LEAVES }),
    total_plain: Natural,
    total_cipher: Natural,
    chunks: Type.Array(ManifestChunk, { minItems: 1, maxItems: MAX_LEAVES }),
    merkle_root: Hex32,
    audit_root: Hex32,
    gaps: Type.Array(Gap, { maxItems: 10_000 }),
    policy_hash: Type.Union([Hex32, Type.Null()]),
    recorder_version: Type.String({ minLength: 1, maxLength: 64 }),
    device_fingerprint: Hex32,
  },
  strict,
)
export type Manifest = Static<typeof Manifest>

/** 100,000 people and ten thousand gaps beside 230,000 chunks: twenty times what 100 GB need in chunks of 8 MiB. */
const BOUNDS: DocumentBounds = { size: 64 * 1024 * 1024, depth: 3, parts: (size) => 100_000 + Math.floor(size / 16) }

/** Below this a manifest is read whatever stands beside it: the 78,000 smallest chunks that 100 MB have room for. */
const MANIFEST_ALONE = 20 * 1024 * 1024

/** Bytes of a manifest that a bundle of `bundle` bytes can need: a row takes at most a quarter of its chunk's entry. */
export const longestManifest = (bundle: number): number =>
  Math.min(BOUNDS.size, Math.max(MANIFEST_ALONE, Math.floor(bundle / 4)))

/** Strict reader of manifest.json. Throws Fault `manifest-too-large`, `manifest-not-json`, `manifest-schema`, `manifest-not-canonical`. */
export const parseManifest = canonicalReader('manifest', Manifest, BOUNDS)

/** manifest_hash = BLAKE3 of the canonical bytes, 32 bytes. */
export const manifestHash = (canonical: Uint8Array): Uint8Array<ArrayBuffer> => blake3(canonical)

/** True when the session ended abnormally: recorded time is missing at its end, and no chunk carries the last flag. */
export const endsAbnormally = ({ gaps, chunk_count }: Pick<Manifest, 'gaps' | 'chunk_count'>): boolean =>
  gaps.some((gap) => gap.at === chunk_count)

const sum = (chunks: readonly ManifestChunk[], field: 'plain' | 'cipher'): number =>
  chunks.reduce((total, chunk) => total + chunk[field], 0)

const chunkFaults = ({ chunks, chunk_size }: Manifest): readonly string[] =>
  chunks.flatMap((chunk, at) => [
    ...(chunk.i === at ? [] : [`the row of chunk ${at} carries index ${chunk.i}`]),
    ...(chunk.cipher === chunk.comp + TAG_SIZE ? [] : [`chunk ${at}: cipher is not comp + ${TAG_SIZE}`]),
    ...(chunk.comp <= chunk.plain ? [] : [`chunk ${at}: comp is larger than plain`]),
    ...(chunk.plain <= chunk_size ? [] : [`chunk ${at} is larger than chunk_size`]),
    ...(chunk.plain === chunk_size || at === chunks.length - 1
      ? []
      : [`chunk ${at} is shorter than chunk_size and not the last`]),
  ])

const rootFaults = ({ chunks, merkle_root }: Manifest): readonly string[] =>
  merkleRoot(chunks.map((chunk) => Uint8Array.fromHex(chunk.leaf))).toHex() === merkle_root
    ? []
    : ['merkle_root is not the root over the leaves']

/** Every way in which the content of a well-formed manifest contradicts itself, one sentence each; its times aside. */
export const contentFaults = (manifest: Manifest): readonly string[] => [
  ...(manifest.chunks.length === manifest.chunk_count
    ? []
    : [`chunk_count is ${manifest.chunk_count}, the list holds ${manifest.chunks.length}`]),
  ...(sum(manifest.chunks, 'plain') === manifest.total_plain ? [] : ['total_plain is not the sum of plain']),
  ...(sum(manifest.chunks, 'cipher') === manifest.total_cipher ? [] : ['total_cipher is not the sum of cipher']),
  ...[manifest.owner, ...manifest.participants, ...manifest.observers]
    .filter((address) => !isOwner(address))
    .map((address) => `${address} is not a TRON address: its checksum is wrong`),
  ...chunkFaults(manifest),
  ...rootFaults(manifest),
]

/** Every way in which a well-formed manifest contradicts itself, one sentence each; empty when it does not. */
export const manifestFaults = (manifest: Manifest): readonly string[] => [
  ...contentFaults(manifest),
  ...timeFaults(manifest),
  ...gapFaults(manifest),
]

/** Throws Fault `manifest-inconsistent` with the first contradiction. */
export const checkManifest = (manifest: Manifest): void => {
  const [first] = manifestFaults(manifest)
  if (first !== undefined)
    throw new Fault('invalid', 'manifest-inconsistent', `the manifest contradicts itself: ${first}`)
}

/** The bytes to hash, sign and export. Throws Fault `manifest-schema`, `manifest-inconsistent`. */
export const manifestBytes = (manifest: Manifest): Uint8Array<ArrayBuffer> => {
  const bytes = canonicalBytes(manifest)
  checkManifest(parseManifest(bytes))
  return bytes
}
