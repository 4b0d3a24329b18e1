import { t } from 'elysia'
import { Anchor, AnchorPage, AnchorsQuery, SessionParams } from '#common/http/chain-model'
import { SealedBlocks } from '#common/http/sealed-blocks'
import { problems, replies, type ServiceParts, service } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { listSealed } from '#common/store/sealed-blocks'
import type { Store } from '#common/store/store'
import type { Follower } from './follower.ts'
import { ChunkPage, ChunksQuery, Progress, Replay, ReplayRequest } from './model.ts'
import { findAnchor, listAnchors, listChunks } from './store.ts'

/** `poke` resolves once the ledger was asked again, and rejects when it could not be. */
export type RouteParts = {
  readonly store: Store
  readonly follower: Follower
  readonly poke: () => Promise<void>
  readonly parts: ServiceParts
}

export const routes = ({ store, follower, poke, parts }: RouteParts) =>
  service('blockchain-sessions-data', { ...parts, publicRoutes: ['GET /sealed'] })
    .get('/sealed', async () => ({ blocks: [...(await listSealed(store))] }), {
      response: { 200: SealedBlocks, ...problems },
    })
    .get(
      '/anchors/:session',
      async ({ params: { session } }) => {
        const known = await findAnchor(store, session)
        if (known) return known
        await poke()
        const found = await findAnchor(store, session)
        if (found) return found
        throw new Fault('missing', 'not-anchored', 'no anchor of this session is on the chain')
      },
      { params: SessionParams, ...replies(Anchor, 'blockchain-api') },
    )
    .get('/anchors', ({ query }) => listAnchors(store, query), {
      query: AnchorsQuery,
      ...replies(AnchorPage, 'blockchain-api'),
    })
    .get(
      '/anchors/:session/chunks',
      ({ params, query }) => listChunks(store, params.session, query.from, query.limit),
      { params: SessionParams, query: ChunksQuery, ...replies(ChunkPage, 'blockchain-api') },
    )
    .post(
      '/replay',
      async ({ body, set }) => {
        const begun = await follower.replay(body.from)
        // Not awaited: GET /progress is the place to look. The loop logs what goes wrong.
        void poke().catch(() => {})
        set.status = 202
        return begun
      },
      { body: ReplayRequest, response: { 202: Replay, ...problems }, callers: ['operator'] },
    )
    .get(
      '/progress',
      async ({ query }) => {
        if (query.fresh === 'true') await poke()
        return follower.progress()
      },
      {
        query: t.Object({
          fresh: t.Optional(t.Union([t.Literal('true'), t.Literal('false')], { description: 'ask the ledger first' })),
        }),
        ...replies(Progress, 'operator'),
      },
    )

export type Api = ReturnType<typeof routes>
