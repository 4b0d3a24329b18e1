import { exportJWK, generateKeyPair } from 'jose'
import { deriveOwner } from '#common/evidence/tron-message'
import { peopleGuard } from '#common/http/people-guard'
import { signAccessToken } from '#common/people/access-token'
import type { Role } from '#common/people/permissions'
import { type SignInState, signIns } from '#common/people/sign-ins'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { derived } from '#common/testing/sample-session'
import { listening } from '#common/testing/wire'
import { type PipelineOptions, pipelineAt } from '#services/session-recorder/fixture'
import { erasures } from './erasures.ts'
import { idempotency } from './idempotency.ts'
import { neighboursAt } from './neighbours.ts'
import { routes } from './routes.ts'
import { tables } from './store.ts'

/** A person of a test, with the key of a TRON wallet. */
export const personOf = (n: number, ...roles: readonly Role[]) => {
  const key = derived(n, 'a person')
  return { key, address: deriveOwner(key), roles: [...roles] }
}
export type TestPerson = ReturnType<typeof personOf>

/** Signs people in as authentication does, with a key of its own. */
export const signingIn = async (now: () => number) => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), alg: 'EdDSA', use: 'sig', kid: 'k1' }
  let state = { keys: { keys: [jwk] }, revoked: [] } as unknown as SignInState
  const all = signIns({ fetchState: async () => state, clocks: { now, steady: now } })
  return {
    identify: all.identify,
    token: ({ address, roles }: TestPerson): Promise<string> =>
      signAccessToken(
        { address, roles, session: crypto.randomUUID(), at: now() },
        { key: privateKey, kid: 'k1', id: crypto.randomUUID() },
      ),
    /** Ends all sign-ins of a person. */
    revoke: async ({ address }: TestPerson) => {
      state = { ...state, revoked: [...state.revoked, { address, before: now() }] }
      await all.refresh()
    },
  }
}

/** A chain that holds no anchor: what it holds is tested against the real one. */
const emptyChain = () =>
  Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: () =>
      Response.json(
        { code: 'not-on-chain', detail: 'this anchor is not on this chain', status: 404, title: '', type: '' },
        { status: 404 },
      ),
  })

export type ApiOptions = PipelineOptions & { readonly wait?: number }

/** The API over the whole session pipeline in this process, each service with its own identity. */
export const apiAt = async (root: string, options: ApiOptions = {}) => {
  const pipe = await pipelineAt(root, options)
  const now = options.now ?? Date.now
  const recorder = listening(pipe.appFor(pipe.who.guard('session-recorder')))
  const chain = emptyChain()
  const people = await signingIn(now)
  const urls = {
    'session-orchestrator': pipe.urls.orchestrator,
    'session-recorder': recorder.url,
    'session-encryptor': pipe.urls.encryptor,
    'merkle-builder': pipe.urls.merkle,
    'blockchain-api': `http://127.0.0.1:${chain.port}`,
  }
  const neighbours = neighboursAt({ ...urls, authentication: urls['blockchain-api'] }, pipe.who.sign('api-server'))
  let isStopping = false
  const demanded: [purpose: string, proof: string | undefined][] = []
  /** A process of the service; another one on the same store is the first one restarted. */
  const on = (store: Store) => {
    const erasing = erasures({
      table: tables(store).erasures,
      now,
      wait: options.wait ?? 0,
      destroy: ({ id }) => neighbours.encryptor.sessions({ id }).key.delete(),
    })
    const app = routes({
      neighbours,
      erasures: erasing,
      idempotency: idempotency(tables(store).answers, { now, pause: Bun.sleep }),
      now,
      pause: () => Bun.sleep(5),
      isStopping: () => isStopping,
      platform: { services: async () => [], metrics: async () => [] },
      requireHardwareSignature: async (purpose, proof) => {
        demanded.push([purpose, proof])
        if (proof === 'wrong') throw new Fault('forbidden', 'hardware-signature-refused', 'no signature of yours')
      },
      parts: { guard: peopleGuard(pipe.who.guard('api-server'), people), log: silentLog },
    })
    return { app, erasures: erasing }
  }
  const store = sqliteStore({ path: ':memory:' })
  const running = on(store)
  const ask = async (person: TestPerson | undefined, method: string, path: string, init: AskInit = {}) => {
    const headers = new Headers(init.headers)
    if (person !== undefined) headers.set('authorization', `Bearer ${await people.token(person)}`)
    const json = init.body === undefined ? undefined : JSON.stringify(init.body)
    const bytes = init.bytes ?? json
    if (json !== undefined) headers.set('content-type', 'application/json')
    if (bytes !== undefined) headers.set('content-length', String(bytes.length))
    const request = new Request(`http://localhost/api/v1${path}`, { method, headers, body: bytes ?? null })
    return (init.app ?? running.app).handle(request)
  }
  return {
    ...running,
    /** What a hardware key was asked for, and what came. */
    demanded,
    pipe,
    people,
    store,
    ask,
    restarted: () => on(store),
    stop: async () => {
      isStopping = true
      await recorder.stop()
      await chain.stop(true)
      await pipe.stop()
    },
  }
}

export type AskInit = {
  readonly body?: object
  readonly bytes?: Uint8Array<ArrayBuffer>
  readonly headers?: Readonly<Record<string, string>>
  readonly app?: ReturnType<typeof routes>
}
