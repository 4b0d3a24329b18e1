import { noteAudit } from '#common/http/audited'
import { requestPerson } from '#common/http/callers'
import { problems, type ServiceParts, service } from '#common/http/service'
import { ACCESS_LIFETIME_S, signAccessToken } from '#common/people/access-token'
import { Jwks, SignInState } from '#common/people/sign-ins'
import { isFault } from '#common/process/fault'
import { requestContext } from '#common/process/request-context'
import type { Accounts } from './accounts.ts'
import { addFactorRoutes, OPEN_FACTORS, requireAdminAction } from './factor-routes.ts'
import type { Factors } from './factors.ts'
import {
  AdminCode,
  AdminCodeBody,
  Challenge,
  ChallengeBody,
  Done,
  Me,
  NewKey,
  RefreshBody,
  SignInBody,
  SignInList,
  SignInParams,
  Tokens,
  User,
  UserChange,
  UserList,
  UserParams,
  UserQuery,
} from './model.ts'
import { refreshToken } from './refresh-token.ts'
import type { SignedIn, SignIns } from './sign-ins.ts'
import type { SignatureCheck } from './signature-check.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { SignInDoc } from './store.ts'
import { requireKnown, showUser } from './users.ts'

export type AuthenticationParts = {
  readonly check: Pick<SignatureCheck, 'challenge'>
  readonly accounts: Accounts
  readonly signIns: SignIns
  readonly factors: Factors
  readonly signingKeys: SigningKeys
  readonly refreshKey: Uint8Array
  readonly now: () => number
  readonly newId: () => string
  readonly parts: ServiceParts
}

/** Without a token: whoever is not signed in yet. */
export const OPEN = [
  'POST /auth/challenge',
  'POST /auth/verify',
  'POST /auth/refresh',
  'GET /auth/jwks.json',
  ...OPEN_FACTORS,
] as const

/** A revocation is told for longer than any token lives, ms. */
export const REVOCATION_WINDOW = (ACCESS_LIFETIME_S + 60) * 1000

const showSignIn = ({ id, device, methods, created_at, rotated_at, ends_at }: SignInDoc, current: string) => ({
  ...{ id, device, methods: [...methods], created_at, ends_at },
  last_used_at: rotated_at,
  current: id === current,
})

/** The tokens of a sign-in as they are now; that somebody signed in is audited before they go out. */
const tokensOf =
  ({ signingKeys, refreshKey, now, newId, parts: { audit } }: AuthenticationParts) =>
  async ({ account: { id: address, roles }, signIn }: SignedIn): Promise<Tokens> => {
    const { id: session, device, generation } = signIn
    if (generation === 0)
      await audit?.append({
        action: 'sign-in',
        actor: address,
        params: { session, device, by: signIn.methods.join(' '), roles: roles.join(' ') },
        request_id: requestContext()?.requestId ?? '',
      })
    const person = { address, roles: [...roles], session: signIn.id, at: now() }
    return {
      access_token: await signAccessToken(person, { ...(await signingKeys.current()), id: newId() }),
      token_type: 'Bearer',
      expires_in: ACCESS_LIFETIME_S,
      refresh_token: refreshToken(refreshKey, signIn.id, signIn.generation),
      address,
      roles: [...roles],
    }
  }

/** The HTTP face of authentication. */
export const routes = (authentication: AuthenticationParts) => {
  const { check, accounts, signIns, signingKeys, factors, parts } = authentication
  const issue = tokensOf(authentication)
  const signOut = async (id: string) => {
    await signIns.end(requestPerson().address, id, 'signed-out')
    return { done: true as const }
  }
  /** A stolen token is in the audit log, whoever showed it. */
  const refresh = (token: string) =>
    signIns.refresh(token).catch(async (error) => {
      if (isFault(error, 'refresh-token-reused'))
        await parts.audit?.append({ action: 'refresh-token-reused', params: { session: token.slice(0, 36) } })
      throw error
    })
  const approve = (purpose: string, headers: Readonly<Record<string, string | undefined>>) =>
    requireAdminAction({ ...factors, requireAdmin: accounts.requireAdmin }, purpose, headers)
  const root = service('authentication', { ...parts, publicRoutes: OPEN })
  return addFactorRoutes(root, { ...factors, signIns, issue, requireAdmin: accounts.requireAdmin })
    .post('/auth/challenge', ({ body }) => check.challenge(body.address, body.purpose), {
      body: ChallengeBody,
      response: { 200: Challenge, ...problems },
    })
    .post('/auth/verify', async ({ body }) => issue(await signIns.bySignature(body)), {
      body: SignInBody,
      response: { 200: Tokens, ...problems },
    })
    .post('/auth/refresh', async ({ body }) => issue(await refresh(body.refresh_token)), {
      body: RefreshBody,
      response: { 200: Tokens, ...problems },
    })
    .get('/auth/jwks.json', () => signingKeys.jwks(), { response: { 200: Jwks, ...problems } })
    .get(
      '/auth/me',
      () => {
        const { address, roles, session } = requestPerson()
        return { address, roles: [...roles], session } as typeof Me.static // the guard checked the roles
      },
      { response: { 200: Me, ...problems }, people: 'signed-in' },
    )
    .post('/auth/logout', () => signOut(requestPerson().session), {
      response: { 200: Done, ...problems },
      people: 'signed-in',
    })
    .get(
      '/auth/sign-ins',
      async () => {
        const { address, session } = requestPerson()
        return { sign_ins: (await signIns.list(address)).map((doc) => showSignIn(doc, session)) }
      },
      { response: { 200: SignInList, ...problems }, people: 'signed-in' },
    )
    .delete('/auth/sign-ins/:id', ({ params }) => signOut(params.id), {
      params: SignInParams,
      response: { 200: Done, ...problems },
      people: 'signed-in',
    })
    .get(
      '/auth/state',
      async () => ({ keys: await signingKeys.jwks(), revoked: await signIns.revoked(REVOCATION_WINDOW) }),
      { response: { 200: SignInState, ...problems }, callers: ['api-gateway', 'api-server', 'operator'] },
    )
    .get(
      '/auth/users',
      async ({ query: { after, limit = 50 } }) => ({ users: (await accounts.list({ after, limit })).map(showUser) }),
      { query: UserQuery, response: { 200: UserList, ...problems }, callers: ['operator', 'api-server'] },
    )
    .get('/auth/users/:address', async ({ params }) => showUser(await accounts.get(params.address)), {
      params: UserParams,
      response: { 200: User, ...problems },
      callers: ['operator', 'api-server'],
    })
    .put(
      '/auth/users/:address',
      async ({ params, body: { roles, status = 'active' }, headers, path }) => {
        await approve(`PUT ${path}`, headers)
        noteAudit({ roles: roles.join(' '), status })
        return showUser(await accounts.set(params.address, { roles, status }, requireKnown(headers)))
      },
      {
        params: UserParams,
        body: UserChange,
        response: { 200: User, ...problems },
        callers: ['operator', 'api-server'],
      },
    )
    .post(
      '/auth/keys/rotate',
      async ({ headers }) => {
        await approve('POST /auth/keys/rotate', headers)
        return { kid: await signingKeys.rotate() }
      },
      { response: { 200: NewKey, ...problems }, callers: ['operator', 'api-server'] },
    )
    .post('/auth/admin-code', ({ body: { recover = false } }) => accounts.newCode(recover), {
      body: AdminCodeBody,
      response: { 200: AdminCode, ...problems },
      callers: ['operator'],
    })
}

export type Api = ReturnType<typeof routes>
