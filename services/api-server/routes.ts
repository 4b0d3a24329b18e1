import { service } from '#common/http/service'
import { addAdminRoutes, addOwnRoutes } from './admin-routes.ts'
import { addEvidenceRoutes } from './evidence-routes.ts'
import { type ApiParts, handlers, V1 } from './handlers.ts'
import { addPolicyRoutes } from './policy-routes.ts'
import { addErasureRoutes, addSessionReads, addSessionRoutes } from './session-routes.ts'

/** The public REST API, version 1. */
export const routes = (api: ApiParts) => {
  const { parts } = api
  const handle = handlers(api)
  const root = service('api-server', {
    ...parts,
    streamRoutes: [`PATCH ${V1}/sessions/:id/stream`],
    status: async () => ({ ...(await parts.status?.()), open_event_streams: handle.live.open() }),
  })
  addOwnRoutes(root)
  addSessionRoutes(root, handle)
  addSessionReads(root, handle)
  addErasureRoutes(root, handle)
  addPolicyRoutes(root, handle)
  addEvidenceRoutes(root, handle)
  addAdminRoutes(root, handle)
  return root
}
