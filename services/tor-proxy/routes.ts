import { type ServiceParts, service } from '#common/http/service'
import { Onions } from './model.ts'
import type { TorState } from './state.ts'

/** Routes that need no token. */
export const publicRoutes = ['GET /onions']

/** HTTP beside the proxies: the addresses. `addresses` are by name of the onion. */
export const routes = ({
  addresses,
  state,
  parts,
}: {
  readonly addresses: Readonly<Record<string, string>>
  readonly state: () => TorState
  readonly parts: ServiceParts
}) =>
  service('tor-proxy', { ...parts, publicRoutes }).get(
    '/onions',
    () => {
      const { uploads } = state()
      return {
        onions: Object.fromEntries(
          Object.entries(addresses).map(([name, address]) => [name, { address, uploads: uploads[address] ?? 0 }]),
        ),
      }
    },
    { response: { 200: Onions } },
  )
