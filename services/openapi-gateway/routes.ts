import { t } from 'elysia'
import { problems, type ServiceParts, service } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { type Asset, assets, PAGE } from './assets.ts'
import { securityHeaders } from './headers.ts'
import { AssetParams, OpenApi } from './model.ts'

/** The merged document and its tag, as openapi-server has them. Throws Fault unavailable. */
export type ReadMerged = () => Promise<{ readonly document: Readonly<Record<string, unknown>>; readonly etag: string }>

type Wanted = Readonly<Record<string, string | undefined>>

const sent = ({ type, etag, plain, gzip }: Asset, wanted: Wanted): Response => {
  const headers = { ...securityHeaders, etag, 'cache-control': 'no-cache', vary: 'accept-encoding' }
  if (wanted['if-none-match'] === etag) return new Response(null, { status: 304, headers })
  return /\bgzip\b/.test(wanted['accept-encoding'] ?? '')
    ? new Response(gzip, { headers: { ...headers, 'content-type': type, 'content-encoding': 'gzip' } })
    : new Response(plain, { headers: { ...headers, 'content-type': type } })
}

const file = (name: string, wanted: Wanted): Response => {
  const known = assets.get(name)
  if (known === undefined) throw new Fault('missing', 'no-such-file', 'the page has no such file')
  return sent(known, wanted)
}

/** Open to everybody who reaches it: a reader has a browser and no service token. */
export const publicRoutes = ['GET /', 'GET /docs', 'GET /docs/', 'GET /docs/openapi.json', 'GET /docs/:asset']

export const routes = ({ merged, parts }: { readonly merged: ReadMerged; readonly parts: ServiceParts }) =>
  service('openapi-gateway', { ...parts, publicRoutes })
    .get('/', ({ redirect }) => redirect('/docs', 302), { detail: { hide: true } })
    .get('/docs', ({ headers }) => file(PAGE, headers), { detail: { description: 'the page' } })
    .get(
      '/docs/openapi.json',
      async ({ headers, set, status }) => {
        const { document, etag } = await merged()
        Object.assign(set.headers, securityHeaders, { etag, 'cache-control': 'no-cache' })
        return headers['if-none-match'] === etag ? status(304, undefined) : document
      },
      { response: { 200: OpenApi, 304: t.Undefined(), ...problems } },
    )
    .get('/docs/:asset', ({ params: { asset }, headers }) => file(asset, headers), { params: AssetParams })
