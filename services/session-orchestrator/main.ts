import { blake3Engine } from '#common/engines/blake3'
import { ok } from '#common/http/client'
import { type Parts, start } from '#common/http/main'
import { clockSteps, machineClocks } from '#common/process/clock'
import { machineRandom } from '#common/process/random'
import { fromHex } from '#common/stream/bytes'
import type { Api as Merkle } from '#services/merkle-builder/routes'
import type { Api as ChainClient } from '#services/on-system-chain-client/routes'
import type { Api as Encryptor } from '#services/session-encryptor/routes'
import type { AnchorRequest } from './anchor.ts'
import { Env } from './env.ts'
import { finish } from './finish.ts'
import { requireAnchors, watchHistory } from './history.ts'
import { pipelineOver } from './pipeline.ts'
import { policies } from './policies.ts'
import { routes } from './routes.ts'
import { sessions } from './sessions.ts'
import { schema } from './store.ts'
import { resumeWork, sweepEvery } from './sweep.ts'
import { worker } from './worker.ts'

const MIB = 1024 * 1024
const SWEEP_EVERY = 60_000
const HISTORY_EVERY = 15_000

const neededServices = (clientOf: Parts<unknown>['clientOf']) => {
  const chain = clientOf<ChainClient>('on-system-chain-client')
  return {
    ...pipelineOver(clientOf<Encryptor>('session-encryptor'), clientOf<Merkle>('merkle-builder', 60_000)),
    anchor: (request: AnchorRequest) => ok(chain.anchors.post(request)),
    history: () => ok(chain.history.get()),
  }
}

await start('session-orchestrator', Env, async ({ env, log, parts, openStore, clientOf, onStop }) => {
  const store = await openStore(schema)
  const { openKey, history, ...services } = neededServices(clientOf)
  const signingKey = fromHex(env.SIGNING_KEY.reveal(), 32)
  const blake3 = await blake3Engine()

  const work = worker({
    finish: finish({ store, now: Date.now, signingKey, level: env.COMPRESSION_LEVEL, ...services }),
    log,
    pause: (ms) => Bun.sleep(ms),
  })
  const all = sessions({
    store,
    signingKey,
    random: machineRandom,
    now: Date.now,
    newId: () => crypto.randomUUID(),
    openKey,
    chunkSize: env.CHUNK_SIZE_MB * MIB,
    maxActive: env.MAX_ACTIVE_SESSIONS,
  })

  onStop(work.stop)
  await resumeWork({ store, worker: work })
  const stopSweeping = sweepEvery(SWEEP_EVERY, {
    store,
    sessions: all,
    worker: work,
    log,
    expireAfter: env.EXPIRE_AFTER_MS,
    clockStep: clockSteps(machineClocks),
  })
  onStop(stopSweeping)
  const watch = watchHistory(HISTORY_EVERY, {
    ...{ store, now: Date.now, history, worker: work, log },
    anchor: services.anchor,
    pause: (ms) => Bun.sleep(ms),
  })
  onStop(watch.stop)

  return routes({
    store,
    sessions: all,
    policies: policies({ store, now: Date.now, newId: () => crypto.randomUUID() }),
    worker: work,
    parts: {
      ...parts,
      checks: { ...parts.checks, 'chain-keeps-anchors': () => requireAnchors(store) },
      decisions: ['chain-keeps-anchors'],
      soft: ['on-system-chain-client'],
      status: () => ({ engines: { blake3: blake3.name, rejected: blake3.rejected }, in_work: work.inWork() }),
    },
  })
})
