import { client } from '#common/http/client'
import { start } from '#common/http/main'
import { version } from '#common/http/service'
import { answers } from '#common/process/health'
import { errorFields } from '#common/process/log'
import { poller } from '#common/stream/poller'
import type { Api as Chunker } from '#services/session-chunker/routes'
import type { Api as Orchestrator } from '#services/session-orchestrator/routes'
import { deviceFingerprint } from './device.ts'
import { Env } from './env.ts'
import { pipelineOver } from './pipeline.ts'
import { recordings } from './recordings.ts'
import { routes } from './routes.ts'
import { schema } from './store.ts'

const RECONCILE_EVERY = 1_000
/** The last body of a stream is answered when all is durable; a slow disk may take its time. */
const SEND_TIMEOUT = 120_000

await start('session-recorder', Env, async ({ env, log, parts, sign, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const chunker = { callee: 'session-chunker', url: env.SESSION_CHUNKER_URL } as const
  const orchestrator = { callee: 'session-orchestrator', url: env.SESSION_ORCHESTRATOR_URL } as const
  const clients = {
    chunker: client<Chunker>(chunker.url, { callee: chunker.callee, sign }),
    toChunker: reach(chunker.callee, chunker.url, SEND_TIMEOUT),
    orchestrator: client<Orchestrator>(orchestrator.url, { callee: orchestrator.callee, sign }),
  }
  const all = recordings({
    store,
    log,
    now: Date.now,
    steady: () => performance.now(),
    pause: (ms) => Bun.sleep(ms),
    resumeGrace: env.RESUME_GRACE_MS,
    ...pipelineOver(clients, {
      recorder_version: `lucid/${version}`,
      device_fingerprint: deviceFingerprint(env.MACHINE_ID.reveal()),
    }),
  })

  const loop = poller({
    step: async () => {
      await all.reconcile()
      return RECONCILE_EVERY
    },
    onError: (error) => {
      log.warn('reconcile-failed', errorFields(error))
      return RECONCILE_EVERY
    },
  })
  onStop(() => void loop.stop()) // what it is at goes on at the next start

  return routes({
    recordings: all,
    parts: {
      ...parts,
      checks: {
        store: () => store.ping(),
        [chunker.callee]: answers(reach(chunker.callee, chunker.url, 2_000)),
        [orchestrator.callee]: answers(reach(orchestrator.callee, orchestrator.url, 2_000)),
      },
      status: () => ({ live_recordings: all.live() }),
    },
  })
})
