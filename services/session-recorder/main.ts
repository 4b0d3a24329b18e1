import { start } from '#common/http/main'
import { version } from '#common/http/service'
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

await start('session-recorder', Env, async ({ env, log, parts, openStore, reach, clientOf, onStop }) => {
  const store = await openStore(schema)
  const clients = {
    chunker: clientOf<Chunker>('session-chunker'),
    toChunker: reach('session-chunker', SEND_TIMEOUT),
    orchestrator: clientOf<Orchestrator>('session-orchestrator'),
  }
  const all = recordings({
    store,
    log,
    now: Date.now,
    steady: () => performance.now(),
    pause: (ms) => Bun.sleep(ms),
    resumeGrace: env.RESUME_GRACE_MS,
    pauseGrace: env.PAUSE_GRACE_MS,
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

  return routes({ recordings: all, parts: { ...parts, status: () => ({ live_recordings: all.live() }) } })
})
