import { splitChunkFile } from '#common/evidence/chunk-file'
import { openChunk } from '#common/evidence/open-chunk'
import { call, client, ok } from '#common/http/client'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { concat } from '#common/stream/bytes'
import { derived } from '#common/testing/sample-session'
import { chunkerFor, toEncryptor } from '#services/session-chunker/fixture'
import type { Api as Chunker } from '#services/session-chunker/routes'
import { type EncryptorOptions, serve } from '#services/session-encryptor/fixture'
import { identities } from '#services/session-encryptor/identities.fixture'
import { backends, orchestratorFor, scriptedChain } from '#services/session-orchestrator/fixture'
import type { Api as Orchestrator } from '#services/session-orchestrator/routes'
import type { Fed } from './feed.ts'
import { recordings } from './recordings.ts'
import { routes } from './routes.ts'

export const GRACE = 60_000

/** A service that can be shut and opened again on the same port, with its memory lost. */
const restartable = (
  make: () => { readonly app: Parameters<typeof serve>[0]; readonly close?: () => void },
) => {
  let made = make()
  let served = serve(made.app)
  let open = true
  return {
    url: served.url,
    shut: async () => {
      if (!open) return
      open = false
      made.close?.()
      await served.stop()
    },
    reopen: () => {
      made = make()
      served = serve(made.app, served.port)
      open = true
    },
  }
}

export type PipelineOptions = {
  readonly chunkSize?: number
  readonly now?: () => number
  readonly encryptor?: Partial<EncryptorOptions>
}

/**
 * The whole session pipeline in this process: every service on a port of loopback with its own identity, wired
 * as their mains wire them; the chain client is a script. The recorder can be replaced by a fresh one.
 */
export const pipelineAt = async (root: string, options: PipelineOptions = {}) => {
  const { chunkSize = 1024, now = Date.now } = options
  const who = identities()
  const behind = await backends(root, who, options.encryptor)
  const chain = scriptedChain()
  const encryptor = toEncryptor(behind.urls.encryptor, who)
  const chunker = restartable(() => chunkerFor(encryptor, who.guard('session-chunker')))
  const orchestratorStore = sqliteStore({ path: ':memory:' })
  let sweepSessions = async (_: number): Promise<readonly unknown[]> => []
  const orchestrator = restartable(() => {
    const made = orchestratorFor({
      urls: behind.urls,
      who,
      chain,
      chunkSize,
      now,
      store: orchestratorStore,
      guard: who.guard('session-orchestrator'),
    })
    sweepSessions = made.sessions.sweep
    return { app: made.app, close: made.worker.stop }
  })
  const sign = who.sign('session-recorder')
  const chunks = client<Chunker>(chunker.url, { callee: 'session-chunker', sign })
  const toChunker = call(chunker.url, { callee: 'session-chunker', sign, timeoutMs: 60_000 })
  const sessions = client<Orchestrator>(orchestrator.url, { callee: 'session-orchestrator', sign })

  const send = async (
    session: string,
    offset: number,
    end: string,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<Fed> => {
    const query = new URLSearchParams({ offset: String(offset), end })
    const reply = await toChunker(`/sessions/${session}/stream?${query}`, {
      method: 'POST',
      ...(body === undefined ? {} : { body }),
      headers: { 'content-type': 'application/octet-stream' },
    })
    return (await reply.json()) as Fed
  }

  /** A recorder process; a second one on the same store is the first one restarted. */
  const recorderOn = (store: Store) =>
    recordings({
      store,
      log: silentLog,
      now,
      pause: () => Bun.sleep(5),
      resumeGrace: GRACE,
      openSession: (wanted) =>
        ok(
          sessions.sessions.post({
            ...wanted,
            recorder_version: 'lucid/test',
            device_fingerprint: derived(1, 'device').toHex(),
          }),
        ),
      setState: (id, state) => ok(sessions.sessions({ id }).state.post({ state })),
      finalize: (id, end) => ok(sessions.sessions({ id }).finalize.post(end)),
      progress: (id) => ok(chunks.sessions({ id }).stream.get()),
      send: (session) => (offset, end, bytes) => send(session, offset, end ? 'true' : 'false', bytes),
      breakOff: (session, offset, bytes) => send(session, offset, 'broken', bytes),
    })

  const store = sqliteStore({ path: ':memory:' })
  const recorder = recorderOn(store)
  const appFor = (guard: ReturnType<typeof who.guard>) =>
    routes({ recordings: recorder, parts: { guard, log: silentLog } })

  const operator = who.sign('operator')
  const orchestratorAs = client<Orchestrator>(orchestrator.url, {
    callee: 'session-orchestrator',
    sign: operator,
  })
  const session = (id: string) => ok(orchestratorAs.sessions({ id }).get())

  return {
    who,
    chain,
    chunker,
    orchestrator,
    recorder,
    /** Over a store that the test may make fail. */
    restartedRecorder: (over: (store: Store) => Store = (same) => same) => recorderOn(over(store)),
    appFor,
    urls: { ...behind.urls, chunker: chunker.url, orchestrator: orchestrator.url },
    encryptor: behind.encryptor,
    session,
    sweepSessions: (after: number) => sweepSessions(after),
    /** Past the recorder, as another part of it would. */
    sendToChunker: send,
    /** Waits until a session is in this state. */
    until: async (id: string, state: string) => {
      for (;;) {
        const found = await session(id)
        if (found.state === state) return found
        if (found.state === 'failed') throw new Error(`the session failed: ${found.error}`)
        await Bun.sleep(2)
      }
    },
    manifest: async (id: string) =>
      JSON.parse((await ok(orchestratorAs.sessions({ id }).manifest.get())).manifest),
    /** Everything that is durable of a session, decrypted and joined. */
    plainOf: async (id: string): Promise<Uint8Array> => {
      const { chunk_count } = await behind.encryptor.sessions.progress(id)
      const sessionKey = await behind.encryptor.sessions.key(id)
      const plains = []
      for (let index = 0; index < chunk_count; index++) {
        const { header, sealed } = splitChunkFile(await behind.encryptor.folder.read(id, index))
        plains.push(await openChunk(header, sealed, { aead: behind.encryptor.aead, sessionKey }))
      }
      return concat(...plains)
    },
    stop: async () => {
      await Promise.all([chunker.shut(), orchestrator.shut()])
      await behind.stop()
    },
  }
}
export type Pipeline = Awaited<ReturnType<typeof pipelineAt>>
