import { type Static, t } from 'elysia'

/** Wire contract of the document server. Times are epoch milliseconds. */

/** An OpenAPI 3.1 document; its own specification says what is in it. */
export const OpenApi = t.Record(t.String(), t.Any())

export const IndexEntry = t.Object({
  service: t.String(),
  state: t.Union([t.Literal('fresh'), t.Literal('stale'), t.Literal('missing'), t.Literal('broken')], {
    description: 'stale: what was last read is served; missing, broken: nothing is',
  }),
  operations: t.Integer({ minimum: 0 }),
  read_at: t.Optional(t.Integer({ description: 'when the document was last seen to be so' })),
  since: t.Optional(t.Integer({ description: 'when the trouble began' })),
  detail: t.Optional(t.String({ description: 'what the trouble is' })),
})
export type IndexEntry = Readonly<Static<typeof IndexEntry>>
export const Index = t.Object({ services: t.Array(IndexEntry) })
export type Index = Static<typeof Index>

export const FileParams = t.Object({
  file: t.String({ pattern: '^[a-z][a-z0-9-]{0,62}\\.json$', description: '<service>.json' }),
})
