import { blake3Engine } from '#common/engines/blake3'
import { client, ok } from '#common/http/client'
import { start } from '#common/http/main'
import type { ChunkRecord } from '#common/http/session-model'
import { answers } from '#common/process/health'
import { errorFields } from '#common/process/log'
import { fromHex } from '#common/stream/bytes'
import type { Api as Merkle } from '#services/merkle-builder/routes'
import type { Api as ChainClient } from '#services/on-system-chain-client/routes'
import type { Api as Encryptor } from '#services/session-encryptor/routes'
import { Env } from './env.ts'
import { finish } from './finish.ts'
import { routes } from './routes.ts'
import { sessions } from './sessions.ts'
import { workStates } from './state.ts'
import { schema, tables } from './store.ts'
import { worker } from './worker.ts'

const MIB = 1024 * 1024
const PAGE = 1000
const SWEEP_EVERY = 60_000

await start('session-orchestrator', Env, async ({ env, log, parts, sign, openStore, reach, onStop }) => {
  const store = await openStore(schema)
  const urls = {
    'session-encryptor': env.SESSION_ENCRYPTOR_URL,
    'merkle-builder': env.MERKLE_BUILDER_URL,
    'on-system-chain-client': env.ON_SYSTEM_CHAIN_CLIENT_URL,
  } as const
  const encryptor = client<Encryptor>(urls['session-encryptor'], { callee: 'session-encryptor', sign })
  const merkle = client<Merkle>(urls['merkle-builder'], { callee: 'merkle-builder', sign, timeoutMs: 60_000 })
  const chain = client<ChainClient>(urls['on-system-chain-client'], {
    callee: 'on-system-chain-client',
    sign,
  })
  const signingKey = fromHex(env.SIGNING_KEY.reveal(), 32)
  const blake3 = await blake3Engine()

  const records = async (session: string): Promise<readonly ChunkRecord[]> => {
    const all: ChunkRecord[] = []
    for (;;) {
      const page = await ok(
        encryptor.sessions({ id: session }).chunks.get({ query: { from: all.length, limit: PAGE } }),
      )
      all.push(...page.chunks)
      if (page.chunks.length === 0 || all.length >= page.chunk_count) return all
    }
  }

  const drive = finish({
    store,
    now: Date.now,
    signingKey,
    level: env.COMPRESSION_LEVEL,
    seal: (session) => ok(encryptor.sessions({ id: session }).seal.post()),
    records,
    build: (session, leaves) => ok(merkle.build.post({ session, leaves: [...leaves] })),
    anchor: (request) => ok(chain.anchors.post(request)),
  })
  const work = worker({ finish: drive, log, pause: (ms) => Bun.sleep(ms) })
  const all = sessions({
    store,
    signingKey,
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    now: Date.now,
    newId: () => crypto.randomUUID(),
    openKey: (session) => ok(encryptor.sessions.post(session)),
    chunkSize: env.CHUNK_SIZE_MB * MIB,
    maxActive: env.MAX_ACTIVE_SESSIONS,
  })

  const resume = async () => {
    const unfinished = await tables(store).sessions.find({ where: { state: { in: workStates } } })
    for (const { id } of unfinished) work.kick(id)
  }
  await resume()
  const sweep = async () => {
    // What is kept decides: an end may have been kept although the store could not say so.
    await resume()
    for (const { id, state } of await all.sweep(env.EXPIRE_AFTER_MS)) {
      log.warn('session-unused', { session: id, state })
      if (workStates.includes(state)) work.kick(id)
    }
  }
  const sweeping = setInterval(
    () => void sweep().catch((error) => log.warn('sweep-failed', errorFields(error))),
    SWEEP_EVERY,
  )
  onStop(() => {
    clearInterval(sweeping)
    work.stop()
  })

  const answering = Object.fromEntries(
    Object.entries(urls).map(([name, url]) => [name, answers(reach(name as keyof typeof urls, url, 2_000))]),
  )
  return routes({
    store,
    sessions: all,
    worker: work,
    parts: {
      ...parts,
      checks: { store: () => store.ping(), ...answering },
      soft: ['on-system-chain-client'],
      status: () => ({ engines: { blake3: blake3.name, rejected: blake3.rejected }, in_work: work.inWork() }),
    },
  })
})
