import { MAX_PLAIN } from '#common/evidence/chunk-file'
import { replies, type ServiceParts, service } from '#common/http/service'
import { SessionParams } from '#common/http/session-model'
import { cutOff, readBody } from '#common/stream/request-body'
import { ChunkQuery, Streamed, StreamQuery } from './model.ts'
import type { Pipelines } from './pipelines.ts'

/** The HTTP face of session-chunker. */
export const routes = ({ pipelines, parts }: { readonly pipelines: Pipelines; readonly parts: ServiceParts }) =>
  service('session-chunker', { ...parts, maxBody: MAX_PLAIN, streamRoutes: ['POST /sessions/:id/stream'] })
    .post('/sessions/:id/stream', ({ params, query, request }) => pipelines.feed(params.id, query, readBody(request)), {
      params: SessionParams,
      query: StreamQuery,
      parse: 'none',
      ...replies(Streamed, 'session-recorder'),
      unaudited: 'a step of the pipeline: session-recorder takes the recording',
    })
    .get('/sessions/:id/stream', ({ params }) => pipelines.progress(params.id), {
      params: SessionParams,
      ...replies(Streamed, 'session-recorder'),
    })
    .post(
      '/chunk',
      async ({ query: { session, index, last }, request }) => {
        const body = await request.arrayBuffer().catch((error) => {
          throw cutOff(error)
        })
        const bytes = new Uint8Array(body)
        return pipelines.chunk(session, index, { bytes, last: last === 'true' })
      },
      {
        query: ChunkQuery,
        parse: 'none',
        ...replies(Streamed, 'session-recorder'),
        unaudited: 'a step of the pipeline: session-recorder takes the recording',
      },
    )

export type Api = ReturnType<typeof routes>
