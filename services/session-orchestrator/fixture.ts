import { client } from '#common/http/client'
import type { Guard } from '#common/http/identity'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { appOfAll } from '#common/testing/app'
import type { Identities } from '#common/testing/identities'
import { derived } from '#common/testing/sample-session'
import { listening } from '#common/testing/wire'
import type { Api as Merkle } from '#services/merkle-builder/routes'
import { routes as merkleRoutes } from '#services/merkle-builder/routes'
import { trees } from '#services/merkle-builder/trees'
import { type EncryptorOptions, encryptorAt, OWNER } from '#services/session-encryptor/fixture'
import type { Api as Encryptor } from '#services/session-encryptor/routes'
import type { AnchorJob, AnchorRequest } from './anchor.ts'
import { type FinishParts, finish } from './finish.ts'
import { pipelineOver } from './pipeline.ts'
import { policies } from './policies.ts'
import { routes } from './routes.ts'
import { sessions } from './sessions.ts'
import { worker } from './worker.ts'

export const SIGNING_KEY = derived(1, 'signing key')
export const NOW = 1_760_000_000_000

/** A chain client that keeps what it was given and anchors it in the block after. Idempotent, as the real one. */
export const scriptedChain = () => {
  const jobs = new Map<string, AnchorRequest>()
  let mode: 'anchors' | 'queues' | 'away' | 'refuses' = 'anchors'
  const answer = (request: AnchorRequest): AnchorJob => {
    if (mode === 'queues') return { state: 'queued' }
    if (mode === 'refuses') return { state: 'refused', error: { code: 'reverted', detail: 'registered by another' } }
    const tx_hash = derived(jobs.size, `tx ${request.session_id}`).toHex()
    return { state: 'anchored', tx_hash, block: { number: jobs.size, hash: derived(jobs.size, 'block').toHex() } }
  }
  return {
    /** What was anchored, by session. */
    jobs,
    is: (to: typeof mode) => {
      mode = to
    },
    anchor: async (request: AnchorRequest): Promise<AnchorJob> => {
      if (mode === 'away') throw new Fault('unavailable', 'unreachable', 'on-system-chain-client cannot be reached')
      const known = jobs.get(request.session_id)
      if (known && JSON.stringify(known) !== JSON.stringify(request))
        throw new Fault('conflict', 'anchor-differs', 'this session has another anchor')
      jobs.set(request.session_id, request)
      return answer(request)
    },
  }
}
export type ScriptedChain = ReturnType<typeof scriptedChain>

/** Real encryptor and merkle-builder on ports of loopback, each with its identity. */
export const backends = async (root: string, who: Identities, options: Partial<EncryptorOptions> = {}) => {
  const encryptor = await encryptorAt({ root, guard: who.guard('session-encryptor'), ...options })
  const guard = who.guard('merkle-builder')
  const store = sqliteStore({ path: ':memory:' })
  const merkle = listening(merkleRoutes({ trees: trees(store), parts: { guard, log: silentLog } }))
  const served = listening(encryptor.app)
  return {
    encryptor,
    urls: { encryptor: served.url, merkle: merkle.url },
    stop: async () => {
      await Promise.all([served.stop(), merkle.stop()])
      await encryptor.close()
    },
  }
}

export type OrchestratorOptions = {
  readonly urls: { readonly encryptor: string; readonly merkle: string }
  readonly who: Identities
  readonly chain: Pick<ScriptedChain, 'anchor'>
  readonly guard?: Guard
  readonly store?: Store
  readonly now?: () => number
  readonly maxActive?: number
  readonly chunkSize?: number
}

/** session-orchestrator wired as its main does, with small chunks and short pauses. */
export const orchestratorFor = (options: OrchestratorOptions) => {
  const { urls, who, chain, guard, now = Date.now, maxActive = 10 } = options
  const { store = sqliteStore({ path: ':memory:' }), chunkSize = 1024 } = options
  const sign = who.sign('session-orchestrator')
  const { openKey, ...sealing } = pipelineOver(
    client<Encryptor>(urls.encryptor, { callee: 'session-encryptor', sign }),
    client<Merkle>(urls.merkle, { callee: 'merkle-builder', sign }),
  )
  const finishParts: FinishParts = { store, now, signingKey: SIGNING_KEY, level: 3, ...sealing, anchor: chain.anchor }
  const all = sessions({
    store,
    signingKey: SIGNING_KEY,
    random: (size) => crypto.getRandomValues(new Uint8Array(size)),
    now,
    newId: () => crypto.randomUUID(),
    openKey,
    chunkSize,
    maxActive,
  })
  const work = worker({ finish: finish(finishParts), log: silentLog, pause: () => Bun.sleep(2) })
  const rules = policies({ store, now, newId: () => crypto.randomUUID() })
  const appFor = (as: Guard) =>
    routes({ store, sessions: all, policies: rules, worker: work, parts: { guard: as, log: silentLog } })
  return {
    store,
    sessions: all,
    policies: rules,
    worker: work,
    finishParts,
    appFor,
    app: guard === undefined ? appOfAll(appFor) : appFor(guard),
  }
}

/** What a new session needs. */
export const sessionRequest = {
  owner: OWNER,
  recorder_version: 'lucid/test',
  device_fingerprint: derived(1, 'device').toHex(),
} as const
