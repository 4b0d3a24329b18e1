import { arch, hostname } from 'node:os'
import { client, ok } from '#common/http/client'
import { start } from '#common/http/main'
import { version } from '#common/http/service'
import { answers } from '#common/process/health'
import type { Api as Chunker } from '#services/session-chunker/routes'
import type { Api as Orchestrator } from '#services/session-orchestrator/routes'
import { deviceFingerprint } from './device.ts'
import { Env } from './env.ts'
import type { Fed } from './feed.ts'
import { recordings } from './recordings.ts'
import { routes } from './routes.ts'
import { schema } from './store.ts'

const TEND_EVERY = 1_000
/** The last body of a stream is answered when all is durable; a slow disk may take its time. */
const SEND_TIMEOUT = 120_000

const machineId = () =>
  Bun.file('/etc/machine-id')
    .text()
    .then((text) => text.trim())
    .catch(() => '')

await start('session-recorder', Env, async ({ env, log, parts, sign, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const chunker = { callee: 'session-chunker', url: env.SESSION_CHUNKER_URL } as const
  const orchestrator = { callee: 'session-orchestrator', url: env.SESSION_ORCHESTRATOR_URL } as const
  const chunks = client<Chunker>(chunker.url, { callee: chunker.callee, sign })
  const sessions = client<Orchestrator>(orchestrator.url, { callee: orchestrator.callee, sign })
  const toChunker = reach(chunker.callee, chunker.url, SEND_TIMEOUT)
  const fingerprint = deviceFingerprint({ machineId: await machineId(), hostname: hostname(), arch: arch() })

  const send = async (
    session: string,
    offset: number,
    end: 'true' | 'false' | 'broken',
    bytes: Uint8Array<ArrayBuffer> | undefined,
  ) => {
    const query = new URLSearchParams({ offset: String(offset), end })
    const reply = await toChunker(`/sessions/${session}/stream?${query}`, {
      method: 'POST',
      ...(bytes === undefined ? {} : { body: bytes }),
      headers: { 'content-type': 'application/octet-stream' },
    })
    return (await reply.json()) as Fed // the callee checks its replies against this schema
  }

  const all = recordings({
    store,
    log,
    now: Date.now,
    pause: (ms) => Bun.sleep(ms),
    resumeGrace: env.RESUME_GRACE_MS,
    openSession: (wanted) =>
      ok(
        sessions.sessions.post({
          ...wanted,
          recorder_version: `lucid/${version}`,
          device_fingerprint: fingerprint,
        }),
      ),
    setState: (id, state) => ok(sessions.sessions({ id }).state.post({ state })),
    finalize: (id, end) => ok(sessions.sessions({ id }).finalize.post(end)),
    progress: (id) => ok(chunks.sessions({ id }).stream.get()),
    send: (session) => (offset, end, bytes) => send(session, offset, end ? 'true' : 'false', bytes),
    breakOff: (session, offset, bytes) => send(session, offset, 'broken', bytes),
  })

  let tending = false
  const tender = setInterval(async () => {
    if (tending) return
    tending = true
    await all.tend().catch((error) => log.warn('tend-failed', { error: String(error) }))
    tending = false
  }, TEND_EVERY)
  onStop(() => clearInterval(tender))

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
