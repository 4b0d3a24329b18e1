import { noteAudit } from '#common/http/audited'
import { replies, type ServiceParts, service } from '#common/http/service'
import { SessionParams } from '#common/http/session-model'
import { Opening } from '#common/http/session-view'
import { readBody } from '#common/stream/request-body'
import { List, Recording, Stop, StreamQuery } from './model.ts'
import type { Recordings } from './recordings.ts'

/** The HTTP face of session-recorder. */
export const routes = ({ recordings, parts }: { readonly recordings: Recordings; readonly parts: ServiceParts }) =>
  service('session-recorder', { ...parts, streamRoutes: ['PATCH /recordings/:id/stream'] })
    .post(
      '/recordings/start',
      async ({ body }) => {
        const recording = await recordings.start(body)
        noteAudit({ recording: recording.id, owner: recording.owner })
        return recording
      },
      { body: Opening, ...replies(Recording, 'operator', 'api-server') },
    )
    .get('/recordings', async () => ({ recordings: [...(await recordings.list())] }), replies(List, 'operator'))
    .get('/recordings/:id', ({ params }) => recordings.get(params.id), {
      params: SessionParams,
      ...replies(Recording, 'operator', 'api-server'),
    })
    .patch(
      '/recordings/:id/stream',
      ({ params, query, request }) =>
        recordings.stream(
          params.id,
          { offset: query.offset, end: query.end === 'true', whole: query.whole === 'true' },
          readBody(request),
        ),
      {
        params: SessionParams,
        query: StreamQuery,
        parse: 'none',
        ...replies(Recording, 'operator', 'api-server'),
        unaudited: 'the recording itself, whose chunks stand in the manifest',
      },
    )
    .post('/recordings/:id/stop', ({ params, body }) => recordings.stop(params.id, body?.reason), {
      params: SessionParams,
      body: Stop,
      ...replies(Recording, 'operator', 'api-server'),
    })

export type Api = ReturnType<typeof routes>
