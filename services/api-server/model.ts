import { t } from 'elysia'
import { LogEntry } from '#common/audit/entry'
import { SignedHead } from '#common/audit/head'
import { AnchorProof } from '#common/evidence/anchor'
import { Hex24, Hex32, Natural, SessionId, TronAddress } from '#common/evidence/fields'
import { Anchor } from '#common/http/chain-model'
import { Settings } from '#common/http/config-route'
import { BytesParam, EndReason, FlagParam, WholeParam } from '#common/http/session-model'
import { Session as SessionView, states } from '#common/http/session-view'
import { Role } from '#common/people/permissions'
import { SignedPolicy } from '#common/policy/signature'

export { AnchorProof }

const People = t.Optional(t.Array(TronAddress, { maxItems: 100, uniqueItems: true }))

export const Me = t.Object({ address: TronAddress, roles: t.Array(t.String()), permissions: t.Array(t.String()) })
export const Roles = t.Object({ roles: t.Record(t.String(), t.Array(t.String())) })

export const NewSession = t.Object({
  owner_x25519: t.Optional(Hex32),
  participants: People,
  observers: People,
  /** Signed by the person who creates; says who may join, instead of the two above. */
  policy: t.Optional(SignedPolicy),
})
export type NewSession = typeof NewSession.static

/** The content of a session is destroyed at `due`, or was. */
const Erasure = t.Object({ state: t.UnionEnum(['waiting', 'erased']), by: TronAddress, due: Natural })

/** With what became of its content. */
export const Session = t.Object({ ...SessionView.properties, erasure: t.Optional(Erasure) })
export type Session = typeof Session.static

/** `all`: those of everybody; for admins. */
export const ListQuery = t.Object({
  state: t.Optional(t.UnionEnum(states, { default: undefined })),
  all: t.Optional(FlagParam),
  limit: t.Optional(WholeParam(1, 200)),
  cursor: t.Optional(t.String({ maxLength: 128 })),
})
export type ListQuery = typeof ListQuery.static
export const SessionList = t.Object({ sessions: t.Array(Session), next: t.Optional(t.String()) })

export const Recording = t.Object({
  id: SessionId,
  state: t.String(),
  received: Natural,
  acknowledged: Natural,
  chunks: Natural,
  complete: t.Boolean(),
  error: t.Optional(t.String()),
})
export type Recording = typeof Recording.static
export const StreamQuery = t.Object({ offset: BytesParam, end: FlagParam, whole: t.Optional(FlagParam) })
export const Reason = t.Object({ reason: EndReason })

const Chunk = t.Object({
  index: Natural,
  plain: Natural,
  comp: Natural,
  cipher: Natural,
  leaf: Hex32,
  sha256: Hex32,
  nonce: Hex24,
  at: Natural,
})
export const ChunkList = t.Object({ chunks: t.Array(Chunk), chunk_count: Natural, next: t.Optional(Natural) })
export const ChunksQuery = t.Object({
  from: t.Optional(WholeParam(0, 2 ** 20 - 1)),
  limit: t.Optional(WholeParam(1, 1000)),
})

export const Proof = t.Object({
  chunk_index: Natural,
  leaf: Hex32,
  path: t.Array(t.Object({ hash: Hex32, side: t.Union([t.Literal('L'), t.Literal('R')]) }), { maxItems: 20 }),
  root: Hex32,
  chunk_count: Natural,
})

/** The owner's leave to put the session key into the bundle, signed with their TRON key; `expires` epoch ms. */
export const BundleRequest = t.Object({
  grant: t.Object({ expires: Natural, signature: t.String({ pattern: '^[0-9a-f]{130}$' }) }),
})

const ListedAnchor = t.Object({ ...Anchor.properties, chunk_count: Natural, log_index: Natural })
export const AnchorList = t.Object({ anchors: t.Array(ListedAnchor), next: t.Optional(Natural) })
export const AnchorsQuery = t.Object({ limit: t.Optional(WholeParam(1, 1000)), after: t.Optional(BytesParam) })

const Status = t.Union([t.Literal('active'), t.Literal('closed')])
export const User = t.Object({
  address: TronAddress,
  email: t.Optional(t.String()),
  roles: t.Array(Role),
  status: t.Union([...Status.anyOf, t.Literal('restored')]),
  created_at: Natural,
})
export type User = typeof User.static
export const UserList = t.Object({ users: t.Array(User), next: t.Optional(TronAddress) })
export const UsersQuery = t.Object({ after: t.Optional(TronAddress), limit: t.Optional(WholeParam(1, 500)) })
export const UserParams = t.Object({ address: TronAddress })
export const UserChange = t.Object({
  roles: t.Array(Role, { maxItems: 6, uniqueItems: true }),
  status: t.Optional(Status),
})
/** The e-mail address to which links for signing in are sent; null takes it away. */
export const EmailChange = t.Object({ email: t.Union([t.String({ minLength: 3, maxLength: 254 }), t.Null()]) })
export const Done = t.Object({ done: t.Literal(true) })
export const NewKey = t.Object({ kid: t.String() })

/** The services that this one calls, and itself. */
export const audited = [
  'api-server',
  'session-orchestrator',
  'session-recorder',
  'session-encryptor',
  'merkle-builder',
  'authentication',
] as const
/** The stream of one service: what it did, for whom. */
export const ServiceAuditQuery = t.Object({
  service: t.UnionEnum(audited),
  after: t.Optional(BytesParam),
  limit: t.Optional(WholeParam(1, 500)),
})
export const ServiceAudit = t.Object({ entries: t.Array(LogEntry), heads: t.Array(SignedHead) })
export type ServiceAudit = typeof ServiceAudit.static

export const Services = t.Object({
  services: t.Array(t.Object({ service: t.String(), status: t.String(), version: t.Optional(t.String()) })),
})

const ServiceConfig = t.Object({
  service: t.String(),
  settings: t.Optional(Settings.properties.settings),
  failure: t.Optional(t.String()),
})
export type ServiceConfig = typeof ServiceConfig.static
export const Configs = t.Object({ services: t.Array(ServiceConfig) })

/** Since each service was started; `failure` says why one could not be asked. */
const Counted = { requests: t.Optional(Natural), errors: t.Optional(Natural), memory_bytes: t.Optional(Natural) }
export const Metrics = t.Object({
  services: t.Array(
    t.Object({
      service: t.String(),
      failure: t.Optional(t.String()),
      p99_ms: t.Optional(t.Number({ minimum: 0 })),
      ...Counted,
    }),
  ),
  requests: Natural,
  errors: Natural,
  memory_bytes: Natural,
})
