import { t } from 'elysia'
import { problems, replies, type ServiceParts, service } from '#common/http/service'
import { FileParams, Index, OpenApi } from './model.ts'
import type { DocumentRegistry } from './registry.ts'

export const routes = ({ registry, parts }: { readonly registry: DocumentRegistry; readonly parts: ServiceParts }) =>
  service('openapi-server', parts)
    .get(
      '/openapi/merged.json',
      ({ headers, set, status }) => {
        const { document, etag } = registry.merged()
        set.headers['etag'] = etag
        set.headers['cache-control'] = 'no-cache'
        return headers['if-none-match'] === etag ? status(304, undefined) : document
      },
      { response: { 200: OpenApi, 304: t.Undefined(), ...problems }, callers: ['openapi-gateway'] },
    )
    .get('/openapi/services', () => ({ services: [...registry.index()] }), replies(Index, 'openapi-gateway'))
    .get('/openapi/services/:file', ({ params: { file } }) => registry.document(file.replace(/\.json$/, '')), {
      params: FileParams,
      ...replies(OpenApi, 'openapi-gateway'),
    })

export type Api = ReturnType<typeof routes>
