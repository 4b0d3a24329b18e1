import { type ServiceParts, service, version } from '#common/http/service'
import { GatewayStatus } from './model.ts'
import { limits, MAX_BODY_MIB } from './settings.ts'

/** A service behind the gateway. `answers` throws when it does not. */
export type Behind = {
  readonly service: string
  readonly prefix: string
  readonly answers: () => Promise<void>
}

/** Routes that need no token. */
export const publicRoutes = ['GET /gateway/status']

const holds = (check: () => Promise<void>): Promise<boolean> =>
  check().then(
    () => true,
    () => false,
  )

/** The gateway's own routes; all others are NGINX's. */
export const routes = ({
  behind,
  parts,
}: {
  readonly behind: readonly Behind[]
  readonly parts: ServiceParts
}) =>
  service('api-gateway', { ...parts, publicRoutes }).get(
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
          body_bytes: MAX_BODY_MIB * 2 ** 20,
        },
      }
    },
    { response: { 200: GatewayStatus } },
  )
