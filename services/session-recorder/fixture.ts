import { call, client, ok } from '#common/http/client'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { identities } from '#common/testing/identities'
import { derived } from '#common/testing/sample-session'
import { listening } from '#common/testing/wire'
import { chunkerFor, toEncryptor } from '#services/session-chunker/fixture'
import type { Api as Chunker } from '#services/session-chunker/routes'
import { type EncryptorOptions, plainOf } from '#services/session-encryptor/fixture'
import { backends, orchestratorFor, scriptedChain } from '#services/session-orchestrator/fixture'
import type { Api as Orchestrator } from '#services/session-orchestrator/routes'
import { tables } from '#services/session-orchestrator/store'
import { pipelineOver } from './pipeline.ts'
import { recordings } from './recordings.ts'
import { routes } from './routes.ts'

export const GRACE = 60_000

/** A service that can be shut and opened again on the same port, with its memory lost. */
const restartable = (make: () => { readonly app: Parameters<typeof listening>[0]; readonly close?: () => void }) => {
  let running = make()
  let served = listening(running.app)
  let open = true
  return {
    url: served.url,
    shut: async () => {
      if (!open) return
      open = false
      running.close?.()
      await served.stop()
    },
    reopen: () => {
      running = make()
      served = listening(running.app, served.port)
      open = true
    },
  }
}

export type PipelineOptions = {
  readonly chunkSize?: number
  readonly now?: () => number
  /** Where the clock is set in a test; else `now` never is. */
  readonly steady?: () => number
  readonly encryptor?: Partial<EncryptorOptions>
  readonly pauseGrace?: number
}

/** Everything behind the recorder, each on a port of loopback with its own identity. */
const servicesAt = async (root: string, { chunkSize = 1024, now = Date.now, encryptor }: PipelineOptions) => {
  const who = identities()
  const behind = await backends(root, who, encryptor)
  const chain = scriptedChain()
  const way = toEncryptor(behind.urls.encryptor, who)
  const chunker = restartable(() => chunkerFor(way, who.guard('session-chunker')))
  const store = sqliteStore({ path: ':memory:' })
  let sweep = async (_: number): Promise<readonly unknown[]> => []
  const orchestrator = restartable(() => {
    const guard = who.guard('session-orchestrator')
    const running = orchestratorFor({ urls: behind.urls, who, chain, chunkSize, now, store, guard })
    sweep = running.sessions.sweep
    return { app: running.app, close: running.worker.stop }
  })
  return {
    who,
    behind,
    chain,
    chunker,
    orchestrator,
    sweepSessions: (after: number) => sweep(after),
    /** All that the orchestrator keeps of a session. */
    sessionDoc: (id: string) => tables(store).sessions.get(id),
    stop: async () => {
      await Promise.all([chunker.shut(), orchestrator.shut()])
      await behind.stop()
    },
  }
}

/** What an operator asks the orchestrator. */
const sessionsOver = (orchestrator: ReturnType<typeof client<Orchestrator>>) => {
  const session = (id: string) => ok(orchestrator.sessions({ id }).get())
  return {
    session,
    voidSession: (id: string) => ok(orchestrator.sessions({ id }).void.post({ reason: 'a breach' })),
    sessions: async () => (await ok(orchestrator.sessions.get({ query: {} }))).sessions,
    /** Waits until a session is in this state. */
    until: async (id: string, state: string) => {
      for (;;) {
        const current = await session(id)
        if (current.state === state) return current
        if (current.state === 'failed') throw new Error(`the session failed: ${current.error}`)
        await Bun.sleep(2)
      }
    },
    manifest: async (id: string) => JSON.parse((await ok(orchestrator.sessions({ id }).manifest.get())).manifest),
  }
}

/** The whole session pipeline in this process, as the mains wire it, the chain client scripted. */
export const pipelineAt = async (root: string, options: PipelineOptions = {}) => {
  const { behind, ...services } = await servicesAt(root, options)
  const { who, chunker, orchestrator } = services
  const orchestratorAs = (sign: ReturnType<typeof who.sign>) =>
    client<Orchestrator>(orchestrator.url, { callee: 'session-orchestrator', sign })
  const sign = who.sign('session-recorder')
  const toChunker = { callee: 'session-chunker', sign, timeoutMs: 60_000 } as const
  const pipeline = pipelineOver(
    {
      chunker: client<Chunker>(chunker.url, toChunker),
      toChunker: call(chunker.url, toChunker),
      orchestrator: orchestratorAs(sign),
    },
    { recorder_version: 'lucid/test', device_fingerprint: derived(1, 'device').toHex() },
  )

  /** A recorder process; a second one on the same store is the first one restarted. */
  const recorderOn = (store: Store) =>
    recordings({
      store,
      log: silentLog,
      now: options.now ?? Date.now,
      steady: options.steady ?? options.now ?? (() => performance.now()),
      pause: () => Bun.sleep(5),
      resumeGrace: GRACE,
      pauseGrace: options.pauseGrace ?? GRACE,
      ...pipeline,
      progress: async (id) => {
        if (away) throw new Fault('unavailable', 'unreachable', 'the test took the chunker away')
        return pipeline.progress(id)
      },
    })
  let away = false
  const store = sqliteStore({ path: ':memory:' })
  const recorder = recorderOn(store)

  return {
    ...services,
    ...sessionsOver(orchestratorAs(who.sign('operator'))),
    recorder,
    /** Over a store that the test may make fail. */
    restartedRecorder: (over: (store: Store) => Store = (same) => same) => recorderOn(over(store)),
    appFor: (guard: ReturnType<typeof who.guard>, of = recorder) =>
      routes({ recordings: of, parts: { guard, log: silentLog } }),
    urls: { ...behind.urls, chunker: chunker.url, orchestrator: orchestrator.url },
    encryptor: behind.encryptor,
    /** Past the recorder, as another part of it would. */
    sendToChunker: (id: string, offset: number, bytes: Uint8Array<ArrayBuffer>) =>
      pipeline.send(id)(offset, 'false', bytes),
    plainOf: (id: string) => plainOf(behind.encryptor, id),
    progress: pipeline.progress,
    /** The recorder cannot ask how far the pipeline is. */
    setAway: (to: boolean) => {
      away = to
    },
  }
}
export type Pipeline = Awaited<ReturnType<typeof pipelineAt>>
