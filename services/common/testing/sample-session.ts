import { chacha20 } from '@noble/ciphers/chacha.js'
import { aeadEngine } from '../engines/aead.ts'
import { blake3 } from '../engines/blake3.ts'
import { compress } from '../engines/zstd.ts'
import { type AnchorDocument, PENDING_ANCHOR } from '../evidence/anchor.ts'
import { bundleParts } from '../evidence/bundle.ts'
import { canonicalBytes } from '../evidence/canonical-json.ts'
import { aad, encodeHeader, FLAG_LAST, FLAG_ZSTD } from '../evidence/chunk-file.ts'
import { chunkKey } from '../evidence/chunk-key.ts'
import type { Keys } from '../evidence/keys.ts'
import {
  CODEC,
  type Gap,
  type Manifest,
  type ManifestChunk,
  manifestBytes,
  manifestHash,
} from '../evidence/manifest.ts'
import { leafHash, merkleRoot } from '../evidence/merkle.ts'
import type { SealedKeys } from '../evidence/owner-seal.ts'
import { sessionIdBytes } from '../evidence/session-id.ts'
import { derivePublicKey, type ManifestSignature, signManifest } from '../evidence/signature.ts'
import { concat, equalBytes } from '../stream/bytes.ts'

/**
 * Whole sessions for tests, sealed by the real engines, with every random value derived from `seed` so that
 * the same sample is the same bytes.
 */

export type SampleOptions = {
  readonly seed?: number
  readonly chunkSize?: number
  readonly gaps?: readonly Gap[]
  readonly session?: string
  /** The session key that a chunk is encrypted under; that of the session when left out. */
  readonly keyFor?: (index: number) => Uint8Array | undefined
  /** What is encrypted as the compressed form of a chunk, in place of its zstd frame. */
  readonly packedAs?: (index: number) => Uint8Array | undefined
}

export type Sample = {
  readonly session: string
  readonly plain: Uint8Array
  readonly sessionKey: Uint8Array
  readonly manifest: Manifest
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly hash: Uint8Array
  readonly signature: ManifestSignature
  readonly files: readonly Uint8Array<ArrayBuffer>[]
}

/** 32 bytes that follow from a seed and a purpose. */
export const derived = (seed: number, purpose: string): Uint8Array<ArrayBuffer> =>
  blake3(new TextEncoder().encode(`${purpose}/${seed}`))

/** Bytes that do not compress: the key stream of ChaCha20, for tests take many of them. */
export const noise = (length: number, seed: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(chacha20(derived(seed, 'noise'), new Uint8Array(12), new Uint8Array(length)))

const sealSample = async (
  plain: Uint8Array,
  i: number,
  last: boolean,
  session: string,
  { seed = 1, keyFor, packedAs }: SampleOptions,
) => {
  const aead = await aeadEngine()
  const sessionKey = keyFor?.(i) ?? derived(seed, 'session key')
  const packed = packedAs?.(i) ?? (await compress(plain, CODEC.level))
  const stored = packed.length < plain.length ? packed : plain
  const header = {
    sessionId: sessionIdBytes(session),
    index: i,
    flags: (stored === packed ? FLAG_ZSTD : 0) | (last ? FLAG_LAST : 0),
    plainLength: plain.length,
    compLength: stored.length,
    nonce: derived(seed, `nonce/${i}`).subarray(0, 24),
  }
  const key = chunkKey(sessionKey, header.sessionId, i)
  const sealed = await aead.seal({ key, nonce: header.nonce, aad: aad(header), plain: stored })
  const row: ManifestChunk = {
    i,
    plain: plain.length,
    comp: stored.length,
    cipher: sealed.length,
    leaf: leafHash(blake3(sealed)).toHex(),
    sha256: new Bun.CryptoHasher('sha256').update(sealed).digest('hex'),
    nonce: header.nonce.toHex(),
  }
  return { row, file: concat(encodeHeader(header), sealed) }
}

/** A sealed and signed session over this stream. */
export const sampleSession = async (plain: Uint8Array, options: SampleOptions = {}): Promise<Sample> => {
  const { seed = 1, chunkSize = 1024, gaps = [], session = 'a1b2c3d4-e5f6-4789-8abc-def012345678' } = options
  const sessionKey = derived(seed, 'session key')
  const count = Math.max(1, Math.ceil(plain.length / chunkSize))
  const abnormal = gaps.some((gap) => gap.at === count)
  const sealed = await Promise.all(
    Array.from({ length: count }, (_, i) =>
      sealSample(plain.subarray(i * chunkSize, (i + 1) * chunkSize), i, !abnormal && i === count - 1, session, options),
    ),
  )
  const chunks = sealed.map(({ row }) => row)
  const signingSeed = derived(seed, 'signing seed')
  const manifest: Manifest = {
    v: 1,
    session_id: session,
    session_public_key: derivePublicKey(signingSeed).toHex(),
    owner: 'TJRabPrwbZy45sbavfcjinPJC18kjpRTv8',
    started_at: 1_760_000_000_000,
    ended_at: 1_760_000_060_000,
    participants: [],
    observers: [],
    codec: { ...CODEC },
    chunk_size: chunkSize,
    chunk_count: count,
    total_plain: plain.length,
    total_cipher: chunks.reduce((sum, chunk) => sum + chunk.cipher, 0),
    chunks,
    merkle_root: merkleRoot(chunks.map((chunk) => Uint8Array.fromHex(chunk.leaf))).toHex(),
    audit_root: derived(seed, 'audit').toHex(),
    gaps: [...gaps],
    policy_hash: null,
    recorder_version: 'sample 1',
    device_fingerprint: derived(seed, 'device').toHex(),
  }
  const bytes = manifestBytes(manifest)
  const hash = manifestHash(bytes)
  const signature = signManifest(hash, signingSeed)
  return { session, plain, sessionKey, manifest, bytes, hash, signature, files: sealed.map(({ file }) => file) }
}

/** The sample with another manifest, signed by its own key: what a recorder that lies can make. */
export const resignSample = (sample: Sample, change: Partial<Manifest>, seed = 1): Sample => {
  const manifest = { ...sample.manifest, ...change }
  const bytes = canonicalBytes(manifest)
  const hash = manifestHash(bytes)
  return { ...sample, manifest, bytes, hash, signature: signManifest(hash, derived(seed, 'signing seed')) }
}

/** The sample as the bytes of a bundle. */
export const sampleBundle = async (
  sample: Sample,
  {
    anchor = PENDING_ANCHOR,
    keys = false,
    sealed,
    audit,
  }: {
    readonly anchor?: AnchorDocument
    readonly keys?: boolean | Keys
    readonly sealed?: SealedKeys
    readonly audit?: Uint8Array
  } = {},
): Promise<Uint8Array<ArrayBuffer>> => {
  const parts: Uint8Array[] = []
  const documents = {
    manifest: sample.bytes,
    signature: sample.signature,
    anchor,
    ...(sealed === undefined ? {} : { sealed }),
    ...(audit === undefined ? {} : { audit }),
    ...(keys === false ? {} : { keys: keys === true ? { session_key: sample.sessionKey.toHex() } : keys }),
  }
  for await (const part of bundleParts(documents, async (index) => sample.files[index] ?? new Uint8Array()))
    parts.push(part)
  return concat(...parts)
}

/** Where a byte string stands in another; -1 when it does not. */
export const findBytes = (bytes: Uint8Array, part: Uint8Array): number => {
  const at = Buffer.from(bytes).indexOf(part)
  return at >= 0 && equalBytes(bytes.subarray(at, at + part.length), part) ? at : -1
}
