import { noteAudit } from '#common/http/audited'
import { requestPerson } from '#common/http/callers'
import { problems, type service } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { requestContext } from '#common/process/request-context'
import * as model from './factor-model.ts'
import type { Factors } from './factors.ts'
import type { HardwareKeys } from './hardware-keys.ts'
import { Done, Tokens, User, UserParams } from './model.ts'
import type { SignedIn, SignIns } from './sign-ins.ts'
import { requireKnown, showUser } from './users.ts'

export type FactorRoutesParts = Factors & {
  readonly signIns: Pick<SignIns, 'byProof'>
  readonly issue: (signedIn: SignedIn) => Promise<Tokens>
  readonly requireAdmin: (address: string | undefined) => Promise<void>
}

/** Without a token: whoever is not signed in yet. */
export const OPEN_FACTORS = [
  'POST /auth/magic',
  'POST /auth/magic/verify',
  'POST /auth/passkey/options',
  'POST /auth/passkey/verify',
] as const

/** Where a signature of a hardware key stands: `NONCE.SIGNATURE` over a challenge for `METHOD /path`. */
export const HARDWARE_HEADER = 'x-hardware-key-signature'

const finish = async (work: Promise<void>): Promise<typeof Done.static> => {
  await work
  return { done: true }
}
const own = () => requestPerson().address
type Headers = Readonly<Record<string, string | undefined>>
const proofIn = (headers: Headers) => headers[HARDWARE_HEADER]

/** Lets a dangerous action on behalf of a person on, if he signed for it. Throws Fault forbidden, unauthenticated. */
const requireHardwareSignature = async (
  keys: Pick<HardwareKeys, 'require'>,
  purpose: string,
  headers: Headers,
): Promise<void> => {
  const { actor, caller } = requestContext() ?? {}
  // The operator's own key acts for no person.
  if (actor === undefined && caller === 'operator') return
  if (actor === undefined)
    throw new Fault('forbidden', 'no-actor', 'this call must name the person on whose behalf it is made')
  await keys.require(actor, purpose, headers[HARDWARE_HEADER])
}

/**
 * Lets what only an admin does on, on behalf of one who is one now and signed for it where he must: the word of the service
 * that passes it on is not enough. Throws Fault forbidden, unauthenticated.
 */
export const requireAdminAction = async (
  { hardwareKeys, requireAdmin }: Pick<FactorRoutesParts, 'hardwareKeys' | 'requireAdmin'>,
  purpose: string,
  headers: Headers,
): Promise<void> => {
  await requireHardwareSignature(hardwareKeys, purpose, headers)
  const { actor, caller } = requestContext() ?? {}
  if (actor !== undefined || caller !== 'operator') await requireAdmin(actor)
}

/** Adds the routes of second factors and of other ways to sign in. */
export const addFactorRoutes = (
  root: ReturnType<typeof service>,
  { secondFactor, magicLinks, passkeys, hardwareKeys, emails, forget, signIns, issue, requireAdmin }: FactorRoutesParts,
) =>
  root
    .get(
      '/auth/factors',
      async () => {
        const email = await emails.of(own())
        return {
          ...(await secondFactor.describe(own())),
          ...(email !== undefined && { email }),
          passkeys: await passkeys.list(own()),
          hardware_keys: await hardwareKeys.list(own()),
        }
      },
      { response: { 200: model.Factors, ...problems }, people: 'signed-in' },
    )
    .post('/auth/totp', () => secondFactor.enrol(own()), {
      response: { 200: model.TotpSecret, ...problems },
      people: 'signed-in',
    })
    .post(
      '/auth/totp/confirm',
      async ({ body }) => ({ recovery_codes: [...(await secondFactor.confirm(own(), body.totp))] }),
      { body: model.TotpBody, response: { 200: model.RecoveryCodes, ...problems }, people: 'signed-in' },
    )
    .post('/auth/totp/remove', ({ body }) => finish(secondFactor.remove(own(), body.totp)), {
      body: model.TotpBody,
      response: { 200: Done, ...problems },
      people: 'signed-in',
    })
    .post(
      '/auth/magic',
      ({ body, status }) => {
        magicLinks.request(body.email)
        return status(202, { done: true as const })
      },
      { body: model.MagicBody, response: { 202: Done, ...problems } },
    )
    .post(
      '/auth/magic/verify',
      async ({ body: { token, totp, device = '' } }) => {
        const { address, methods } = await magicLinks.redeem(token, (account) => secondFactor.require(account, totp))
        return issue(await signIns.byProof(address, { device, methods }))
      },
      { body: model.MagicVerifyBody, response: { 200: Tokens, ...problems } },
    )
    .post('/auth/passkey/options', () => passkeys.authentication(), {
      response: { 200: model.CredentialOptions, ...problems },
    })
    .post(
      '/auth/passkey/verify',
      async ({ body: { credential, device = '' } }) =>
        issue(await signIns.byProof(await passkeys.authenticate(credential), { device, methods: ['passkey'] })),
      { body: model.PasskeyVerifyBody, response: { 200: Tokens, ...problems } },
    )
    .post('/auth/passkeys/options', () => passkeys.registration(own()), {
      response: { 200: model.CredentialOptions, ...problems },
      people: 'signed-in',
      unaudited: 'only a challenge; what answers it is audited',
    })
    .post(
      '/auth/passkeys',
      ({ body: { name, credential } }) => {
        noteAudit({ passkey: credential.id.slice(0, 64) })
        return passkeys.register(own(), name, credential)
      },
      { body: model.PasskeyBody, response: { 200: model.Passkey, ...problems }, people: 'signed-in' },
    )
    .delete('/auth/passkeys/:id', ({ params }) => finish(passkeys.remove(own(), params.id)), {
      params: model.PasskeyParams,
      response: { 200: Done, ...problems },
      people: 'signed-in',
    })
    .post(
      '/auth/hardware-keys',
      ({ body, headers }) => {
        noteAudit({ hardware_key: body.address })
        return hardwareKeys.enrol(own(), body, proofIn(headers))
      },
      { body: model.HardwareKeyBody, response: { 200: model.HardwareKey, ...problems }, people: 'signed-in' },
    )
    .delete(
      '/auth/hardware-keys/:address',
      ({ params, headers }) => finish(hardwareKeys.remove(own(), params.address, proofIn(headers))),
      { params: model.HardwareKeyParams, response: { 200: Done, ...problems }, people: 'signed-in' },
    )
    .post(
      '/auth/hardware-check',
      ({ body: { purpose, proof } }) =>
        finish(requireHardwareSignature(hardwareKeys, purpose, { [HARDWARE_HEADER]: proof })),
      { body: model.HardwareCheckBody, response: { 200: Done, ...problems }, callers: ['operator', 'api-server'] },
    )
    .delete(
      '/auth/users/:address/factors',
      async ({ params, headers, path }) => {
        await requireAdminAction({ hardwareKeys, requireAdmin }, `DELETE ${path}`, headers)
        return finish(forget(params.address))
      },
      { params: UserParams, response: { 200: Done, ...problems }, callers: ['operator', 'api-server'] },
    )
    .put(
      '/auth/users/:address/email',
      async ({ params: { address }, body, headers, path }) => {
        await requireAdminAction({ hardwareKeys, requireAdmin }, `PUT ${path}`, headers)
        return showUser(await emails.set(address, body.email, requireKnown(headers)))
      },
      {
        params: UserParams,
        body: model.EmailBody,
        response: { 200: User, ...problems },
        callers: ['operator', 'api-server'],
      },
    )
