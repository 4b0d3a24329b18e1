import { t } from 'elysia'
import { AuditEvent } from '../evidence/audit-event.ts'
import { Hex24, Hex32, Hex64, Natural, SessionId } from '../evidence/fields.ts'
import { MAX_LEAVES } from '../evidence/merkle.ts'

/** Route parameters and records that the session services share. */
const Index = t.Integer({ minimum: 0, maximum: MAX_LEAVES - 1 })

/** Whole numbers in a query string or path arrive as text; these convert and then check. */
export const WholeParam = (minimum: number, maximum: number) => t.Numeric({ minimum, maximum, multipleOf: 1 })
export const IndexParam = WholeParam(0, MAX_LEAVES - 1)
export const BytesParam = WholeParam(0, Number.MAX_SAFE_INTEGER)
export const FlagParam = t.Union([t.Literal('true'), t.Literal('false')])

/** Why a recording ended abnormally, in its gap: printable ASCII, since it stands in the manifest for good. */
export const EndReason = t.String({ pattern: '^[\\x20-\\x7e]{1,200}$', description: '1 to 200 printable characters' })

/** Recorded time is missing before the byte at `offset`, epoch ms: from the last byte before to the next one. */
export const StreamGap = t.Object({ offset: Natural, from: Natural, to: Natural, reason: EndReason })
export type StreamGap = Readonly<typeof StreamGap.static>

export const SessionParams = t.Object({ id: SessionId })
export const ChunkParams = t.Object({ id: SessionId, index: IndexParam })

/** What the encryptor keeps of a chunk: one row of the manifest, and when it was acknowledged (epoch ms). */
export const ChunkRecord = t.Object({
  index: Index,
  flags: t.Integer({ minimum: 0, maximum: 255 }),
  plain: Natural,
  comp: Natural,
  cipher: Natural,
  leaf: Hex32,
  sha256: Hex32,
  nonce: Hex24,
  at: Natural,
})
export type ChunkRecord = typeof ChunkRecord.static

/** An event of a chain that a release without bodies began: it goes on so, without audit.jsonl. Times epoch ms. */
export const AuditLink = t.Object({ seq: Natural, at: Natural, event: t.String(), prev: Hex32, hash: Hex32 })
export const AuditQuery = t.Object({ after: t.Optional(BytesParam), limit: t.Optional(WholeParam(1, 1000)) })
/** A page of a session's chain; `fault` = where it breaks first: that event, or one before it, was altered or is missing. */
export const SessionAudit = t.Object({
  events: t.Array(t.Union([AuditEvent, AuditLink])),
  fault: t.Optional(t.Object({ seq: Natural, detail: t.String() })),
})

/** The manifest as the exact text that was hashed, and the session key's signature over its hash. */
export const SignedManifest = t.Object({
  manifest: t.String(),
  alg: t.Literal('Ed25519'),
  public_key: Hex32,
  signature: Hex64,
})
export type SignedManifest = typeof SignedManifest.static
