import { t } from 'elysia'
import { requestPerson } from '#common/http/callers'
import { ok } from '#common/http/client'
import { problems, type service } from '#common/http/service'
import { ChunkParams, SessionParams, SignedManifest } from '#common/http/session-model'
import { mayDo } from '#common/people/permissions'
import { answerBundle, orElse } from './bundle.ts'
import { answerTagged, type Handlers, V1 } from './handlers.ts'
import { AnchorList, AnchorProof, AnchorsQuery, BundleRequest, ChunkList, ChunksQuery, Proof } from './model.ts'

const readable = { 304: t.Void(), ...problems }
const seen = { params: SessionParams, people: 'session_observe' } as const

/** Sessions that are looked up for one list of anchors, at most. */
const MOST_LOOKUPS = 100
const HIDDEN = ['no-such-session', 'not-yours']

/** The evidence of a session, and what the chain holds of it. */
export const addEvidenceRoutes = (root: ReturnType<typeof service>, { neighbours, find, chunks }: Handlers) =>
  root
    .get(
      `${V1}/sessions/:id/manifest`,
      async ({ params: { id }, ...rest }) => {
        await find(id, 'see')
        return answerTagged(await ok(neighbours.orchestrator.sessions({ id }).manifest.get()), rest)
      },
      { ...seen, response: { 200: SignedManifest, ...readable } },
    )
    .get(
      `${V1}/sessions/:id/chunks`,
      async ({ params: { id }, query }) => {
        await find(id, 'see')
        return chunks.list(id, query)
      },
      { ...seen, query: ChunksQuery, response: { 200: ChunkList, ...problems } },
    )
    .get(
      `${V1}/sessions/:id/chunks/:index`,
      async ({ params: { id, index }, request }) => {
        await find(id, 'export')
        return chunks.file(id, index, request)
      },
      { ...seen, params: ChunkParams, response: { 200: t.Any(), 206: t.Any(), ...readable } },
    )
    .get(
      `${V1}/sessions/:id/chunks/:index/proof`,
      async ({ params: { id, index }, ...rest }) => {
        await find(id, 'see')
        return answerTagged(await ok(neighbours.merkle.proof({ session: id })({ index }).get()), rest)
      },
      { ...seen, params: ChunkParams, response: { 200: Proof, ...readable } },
    )
    .get(
      `${V1}/sessions/:id/bundle`,
      async ({ params: { id } }) => {
        await find(id, 'export')
        return answerBundle(neighbours, id)
      },
      { ...seen, response: { 200: t.Any(), ...problems } },
    )
    .post(
      `${V1}/sessions/:id/bundle`,
      async ({ params: { id }, body }) => {
        await find(id, 'own')
        return answerBundle(neighbours, id, body.grant)
      },
      { ...seen, body: BundleRequest, response: { 200: t.Any(), ...problems } },
    )
    .get(
      `${V1}/anchors`,
      async ({ query: { limit = 100, ...query } }) => {
        const isAdmin = mayDo(requestPerson().roles, 'admin_access')
        const most = isAdmin ? limit : Math.min(limit, MOST_LOOKUPS)
        const page = await ok(neighbours.chain.anchors.get({ query: { limit: most, ...query } }))
        if (isAdmin) return page
        const seen = await Promise.all(
          page.anchors.map(({ session_id: id }) => orElse(find(id, 'see'), HIDDEN, undefined)),
        )
        return { ...page, anchors: page.anchors.filter((_, place) => seen[place]) }
      },
      { query: AnchorsQuery, people: 'signed-in', response: { 200: AnchorList, ...problems } },
    )
    .get(
      `${V1}/anchors/:id`,
      async ({ params: { id }, ...rest }) => {
        await find(id, 'see')
        return answerTagged(await ok(neighbours.chain.anchors({ session: id }).get()), rest)
      },
      { ...seen, response: { 200: AnchorProof, ...readable } },
    )
