import { t } from 'elysia'
import { problems, type ServiceParts, service } from '#common/http/service'
import type { Library } from './library.ts'
import { FileParams, OpenApi, Shelves } from './model.ts'

export const routes = ({ library, parts }: { readonly library: Library; readonly parts: ServiceParts }) =>
  service('openapi-server', parts)
    .get(
      '/openapi/merged.json',
      ({ headers, set, status }) => {
        const { document, etag } = library.merged()
        set.headers['etag'] = etag
        set.headers['cache-control'] = 'no-cache'
        return headers['if-none-match'] === etag ? status(304, undefined) : document
      },
      { response: { 200: OpenApi, 304: t.Undefined(), ...problems } },
    )
    .get('/openapi/services', () => ({ services: [...library.shelves()] }), {
      response: { 200: Shelves, ...problems },
    })
    .get('/openapi/services/:file', ({ params: { file } }) => library.document(file.replace(/\.json$/, '')), {
      params: FileParams,
      response: { 200: OpenApi, ...problems },
    })

export type Api = ReturnType<typeof routes>
