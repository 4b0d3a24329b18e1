import { t } from 'elysia'
import { Natural, TronAddress } from '#common/evidence/fields'
import { WholeParam } from '#common/http/session-model'
import { Role } from '#common/people/permissions'

/** What is signed for: to sign in, or one dangerous action as `METHOD /path`. */
export const Purpose = t.String({ pattern: '^(?:sign in|[A-Z]{3,7} /[A-Za-z0-9/_.:~-]{1,200})$' })

export const ChallengeBody = t.Object({ address: TronAddress, purpose: t.Optional(Purpose) })
export const Challenge = t.Object({ nonce: t.String(), message: t.String(), expires: Natural })
export type Challenge = typeof Challenge.static

export const Nonce = t.String({ pattern: '^[A-Za-z0-9_-]{51}$', description: 'of a challenge' })
export const Signature = t.String({
  pattern: '^(?:0x)?[0-9a-fA-F]{130}$',
  description: 'TRON V2 message signature, r || s || v as hex',
})

/** A second factor. */
export const Totp = t.String({
  pattern: '^(?:[0-9]{6}|[a-z2-7]{4}(?:-[a-z2-7]{4}){3})$',
  description: 'code of the authenticator app (six digits), or a recovery code (xxxx-xxxx-xxxx-xxxx)',
})

export const SignInBody = t.Object({
  address: TronAddress,
  nonce: Nonce,
  signature: Signature,
  /** One-time code of the operator, for an admin. */
  code: t.Optional(t.String({ minLength: 8, maxLength: 64 })),
  totp: t.Optional(Totp),
  /** What the person calls this device. */
  device: t.Optional(t.String({ maxLength: 64 })),
})
export type SignInBody = typeof SignInBody.static

export const Tokens = t.Object({
  access_token: t.String(),
  token_type: t.Literal('Bearer'),
  /** Seconds. */
  expires_in: Natural,
  refresh_token: t.String(),
  address: TronAddress,
  roles: t.Array(Role),
})
export type Tokens = typeof Tokens.static

export const RefreshBody = t.Object({ refresh_token: t.String({ minLength: 1, maxLength: 200 }) })

export const Me = t.Object({ address: TronAddress, roles: t.Array(Role), session: t.String() })

export const SignIn = t.Object({
  id: t.String(),
  device: t.String(),
  methods: t.Array(t.String()),
  created_at: Natural,
  last_used_at: Natural,
  ends_at: Natural,
  current: t.Boolean(),
})
export const SignInList = t.Object({ sign_ins: t.Array(SignIn) })
export const SignInParams = t.Object({ id: t.String({ pattern: '^[0-9a-f-]{36}$' }) })

export const User = t.Object({
  address: TronAddress,
  email: t.Optional(t.String()),
  roles: t.Array(Role),
  status: t.Union([t.Literal('active'), t.Literal('closed'), t.Literal('restored')]),
  created_at: Natural,
})
export type User = typeof User.static
export const UserList = t.Object({ users: t.Array(User) })
export const UserQuery = t.Object({
  /** Only those behind this address: where the page before ended. */
  after: t.Optional(TronAddress),
  limit: t.Optional(WholeParam(1, 500)),
})
export const UserParams = t.Object({ address: TronAddress })
export const UserChange = t.Object({
  roles: t.Array(Role, { maxItems: 6, uniqueItems: true }),
  status: t.Optional(t.Union([t.Literal('active'), t.Literal('closed')])),
})

export const AdminCodeBody = t.Object({
  /** Also when there is an admin, whose key was lost. */
  recover: t.Optional(t.Boolean()),
})
export const AdminCode = t.Object({ code: t.String(), expires: Natural })
export const NewKey = t.Object({ kid: t.String() })
export const Done = t.Object({ done: t.Literal(true) })
