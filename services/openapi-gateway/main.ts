import { start } from '#common/http/main'
import { faultOf } from '#common/http/problem'
import { Fault } from '#common/process/fault'
import type { Api as ServerApi } from '#services/openapi-server/routes'
import { Env } from './env.ts'
import { routes } from './routes.ts'

const SERVER = 'openapi-server'

await start('openapi-gateway', Env, async ({ parts, clientOf }) => {
  const server = clientOf<ServerApi>(SERVER)
  return routes({
    merged: async () => {
      const { data, error, status, response } = await server.openapi['merged.json'].get()
      if (error?.value instanceof Fault) throw error.value
      if (error !== null || data === null || data === undefined) throw faultOf(status, error?.value, SERVER)
      return { document: data, etag: response.headers.get('etag') ?? '' }
    },
    parts: { ...parts, soft: [SERVER] },
  })
})
