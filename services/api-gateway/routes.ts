import { t } from 'elysia'
import { problems, type ServiceParts, service, version } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { GatewayStatus } from './model.ts'
import { limits, MAX_BODY_MIB } from './settings.ts'

/** A service behind the gateway. `answers` throws when it does not. */
export type Behind = { readonly service: string; readonly prefix: string; readonly answers: () => Promise<void> }

/** Routes that need no token. */
export const publicRoutes = ['GET /gateway/status', 'GET /gateway/authority.pem']

const holds = (check: () => Promise<void>): Promise<boolean> =>
  check().then(
    () => true,
    () => false,
  )

/** The gateway's own routes; all others are NGINX's. */
export const routes = ({
  behind,
  authority,
  parts,
}: {
  readonly behind: readonly Behind[]
  /** PEM of the authority whose certificates this gateway makes; undefined when it was given one. */
  readonly authority: () => string | undefined
  readonly parts: ServiceParts
}) =>
  service('api-gateway', { ...parts, publicRoutes })
    .get(
      '/gateway/status',
      async () => {
        const services = await Promise.all(
          behind.map(async ({ service: name, prefix, answers }) => ({
            service: name,
            prefix,
            reachable: await holds(answers),
          })),
        )
        return {
          status: services.every(({ reachable }) => reachable) ? ('ok' as const) : ('partial' as const),
          version,
          services,
          limits: {
            anonymous_per_minute: limits.anonymous,
            authenticated_per_minute: limits.authenticated,
            admin_per_minute: limits.admin,
            body_bytes: MAX_BODY_MIB * 2 ** 20,
          },
        }
      },
      { response: { 200: GatewayStatus } },
    )
    .get(
      '/gateway/authority.pem',
      ({ set }) => {
        const pem = authority()
        if (pem === undefined)
          throw new Fault('missing', 'certificate-given', 'this gateway has a certificate that others signed')
        set.headers['content-type'] = 'application/x-pem-file'
        return pem
      },
      { response: { ...problems, 200: t.String() } },
    )
