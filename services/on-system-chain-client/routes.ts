import type { SealedBlock } from '#common/evidence/anchor'
import { SessionParams } from '#common/http/chain-model'
import { SealedBlocks } from '#common/http/sealed-blocks'
import { problems, replies, type ServiceParts, service } from '#common/http/service'
import { Fault } from '#common/process/fault'
import { view } from './job.ts'
import { AnchorRequest, History, Job } from './model.ts'
import type { Queue } from './store.ts'

/** `poke` wakes the worker; it is not waited for: the job is on disk. */
export type RouteParts = {
  readonly queue: Queue
  readonly sealed: () => Promise<readonly SealedBlock[]>
  readonly poke: () => void
  readonly now: () => number
  readonly parts: ServiceParts
}

export const routes = ({ queue, sealed, poke, now, parts }: RouteParts) =>
  service('on-system-chain-client', { ...parts, publicRoutes: ['GET /sealed'] })
    .get('/sealed', async () => ({ blocks: [...(await sealed())] }), { response: { 200: SealedBlocks, ...problems } })
    .post(
      '/anchors',
      async ({ body, set }) => {
        const job = await queue.add(body, now())
        if (job.state === 'queued') poke()
        set.status = 202
        return view(job)
      },
      {
        body: AnchorRequest, // Always answered as 202; 200 is named because Eden types the data of an answer by it.
        response: { 200: Job, 202: Job, ...problems },
        unaudited: 'a step of the pipeline, asked again and again: the chain keeps the anchor',
        callers: ['session-orchestrator'],
      },
    )
    .get(
      '/history',
      async () => {
        const history = await queue.history()
        if (history) return history
        throw new Fault('missing', 'no-history', 'the chain was not looked at yet; ask again in a moment')
      },
      replies(History, 'session-orchestrator'),
    )
    .get(
      '/anchors/:session',
      async ({ params }) => {
        const job = await queue.get(params.session)
        if (job === undefined)
          throw new Fault('missing', 'unknown-session', 'this session was never handed in for anchoring')
        return view(job)
      },
      { params: SessionParams, ...replies(Job, 'session-orchestrator') },
    )

export type Api = ReturnType<typeof routes>
