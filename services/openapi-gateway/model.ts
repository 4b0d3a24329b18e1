import { t } from 'elysia'

export const AssetParams = t.Object({
  asset: t.String({ pattern: '^[a-z][a-z-]{0,40}\\.(?:js|css|svg|txt)$', description: 'a file of the page' }),
})

/** An OpenAPI 3.1 document. */
export const OpenApi = t.Record(t.String(), t.Any())
