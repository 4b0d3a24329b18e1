import { t } from 'elysia'
import { requestPerson } from '#common/http/callers'
import { ok } from '#common/http/client'
import type { Settings } from '#common/http/config-route'
import { entityTag } from '#common/http/etag'
import { problems, type service } from '#common/http/service'
import { roles as allRoles, mayDo, permissions } from '#common/people/permissions'
import type { Setting } from '#common/process/env'
import { errorMessage } from '#common/process/error'
import { answerTagged, HARDWARE_HEADER, type Handlers, V1 } from './handlers.ts'
import { addUp } from './metrics-summary.ts'
import {
  audited,
  Configs,
  Done,
  EmailChange,
  Me,
  Metrics,
  NewKey,
  Roles,
  ServiceAudit,
  ServiceAuditQuery,
  type ServiceConfig,
  Services,
  User,
  UserChange,
  UserList,
  UserParams,
  UsersQuery,
} from './model.ts'
import type { Neighbours } from './neighbours.ts'

type Root = ReturnType<typeof service>

const describeRoles = () => Object.fromEntries(Object.entries(allRoles).map(([role, may]) => [role, [...may]]))

/** Who one is, and what a role may do. */
export const addOwnRoutes = (root: Root) =>
  root
    .get(
      `${V1}/me`,
      () => {
        const { address, roles: held } = requestPerson()
        return { address, roles: [...held], permissions: permissions.filter((one) => mayDo(held, one)) }
      },
      { people: 'signed-in', response: { 200: Me, ...problems } },
    )
    .get(`${V1}/roles`, () => ({ roles: describeRoles() }), {
      people: 'signed-in',
      response: { 200: Roles, ...problems },
    })

/** What authentication judges: the hardware key's signature for a dangerous action, and which version an admin changes. */
const passOn = ({ headers }: Request) => ({
  headers: Object.fromEntries([...headers].filter(([name]) => name === HARDWARE_HEADER || name === 'if-match')),
})

type Answer = Parameters<typeof answerTagged>[1]

/** A user with the tag under which he is changed. */
const answerUser = async (found: Promise<User>, { set }: Pick<Answer, 'set'>): Promise<User> => {
  const user = await found
  set.headers['etag'] = entityTag(user)
  return user
}

/** What this service and those that it calls run with; of one that does not answer, why. */
const readConfigs = ({ reading }: Neighbours, own: readonly Setting[] = []): Promise<ServiceConfig[]> =>
  Promise.all(
    ([...audited, 'blockchain-api'] as const).map(async (service) => {
      if (service === 'api-server') return { service, settings: [...own] }
      try {
        return { service, ...((await (await reading(service)('/config')).json()) as Settings) } // the callee checks it
      } catch (error) {
        return { service, failure: errorMessage(error) }
      }
    }),
  )

/** People and their roles, which authentication keeps, and the platform; it is asked on behalf of the admin. */
export const addAdminRoutes = (root: Root, { neighbours, once, platform, parts }: Handlers) => {
  const { auth } = neighbours.authentication
  return root
    .get(
      `${V1}/users`,
      async ({ query: { limit = 50, ...query } }) => {
        const { users } = await ok(auth.users.get({ query: { limit, ...query } }))
        const last = users.length === limit ? users.at(-1) : undefined
        return { users, ...(last && { next: last.address }) }
      },
      { query: UsersQuery, people: 'admin_access', response: { 200: UserList, ...problems } },
    )
    .get(
      `${V1}/users/:address`,
      async ({ params: { address }, ...rest }) => answerTagged(await ok(auth.users({ address }).get()), rest),
      { params: UserParams, people: 'admin_access', response: { 200: User, 304: t.Void(), ...problems } },
    )
    .put(
      `${V1}/users/:address`,
      ({ params: { address }, body, request, ...rest }) =>
        answerUser(ok(auth.users({ address }).put(body, passOn(request))), rest),
      { params: UserParams, body: UserChange, people: 'admin_access', response: { 200: User, ...problems } },
    )
    .put(
      `${V1}/users/:address/email`,
      ({ params: { address }, body, request, ...rest }) =>
        answerUser(ok(auth.users({ address }).email.put(body, passOn(request))), rest),
      { params: UserParams, body: EmailChange, people: 'admin_access', response: { 200: User, ...problems } },
    )
    .delete(
      `${V1}/users/:address/factors`,
      ({ params: { address }, request }) => ok(auth.users({ address }).factors.delete(undefined, passOn(request))),
      { params: UserParams, people: 'admin_access', response: { 200: Done, ...problems } },
    )
    .post(
      `${V1}/admin/keys/rotate`,
      ({ request }) => once(request, null, () => ok(auth.keys.rotate.post(undefined, passOn(request)))),
      { people: 'admin_access', response: { 200: NewKey, ...problems } },
    )
    .get(`${V1}/admin/services`, async () => ({ services: [...(await platform.services())] }), {
      people: 'admin_access',
      response: { 200: Services, ...problems },
    })
    .get(
      `${V1}/admin/metrics`,
      async () => {
        const services = [...(await platform.metrics())]
        return { services, ...addUp(services) }
      },
      { people: 'admin_access', response: { 200: Metrics, ...problems } },
    )
    .get(`${V1}/admin/config`, async () => ({ services: await readConfigs(neighbours, parts.settings) }), {
      people: 'admin_access',
      response: { 200: Configs, ...problems },
    })
    .get(
      `${V1}/audit`,
      async ({ query: { service: name, after = -1, limit = 100 } }) => {
        if (name === 'api-server') {
          const { entries = [], heads = [] } = (await parts.audit?.read({ after, limit })) ?? {}
          return { entries: [...entries], heads: [...heads] }
        }
        const page = await neighbours.reading(name)(`/audit?limit=${limit}${after < 0 ? '' : `&after=${after}`}`)
        return (await page.json()) as typeof ServiceAudit.static // the callee checks its replies against this schema
      },
      { query: ServiceAuditQuery, people: 'admin_access', response: { 200: ServiceAudit, ...problems } },
    )
}
