import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { FLAG_LAST } from '#common/evidence/chunk-file'
import { checkManifest, manifestHash, parseManifest } from '#common/evidence/manifest'
import { ownerBytes } from '#common/evidence/owner'
import { verifyHash } from '#common/evidence/signature'
import { sqliteStore } from '#common/store/sqlite'
import type { Store } from '#common/store/store'
import { fromHex, utf8 } from '#common/stream/bytes'
import { guardAs } from '#common/testing/app'
import { faultOf } from '#common/testing/faults'
import { identities } from '#common/testing/identities'
import { noise } from '#common/testing/sample-session'
import { encryptInto, OWNER, ownFolder } from '#services/session-encryptor/fixture'
import { chainFault } from './audit.ts'
import { type FinishParts, finish } from './finish.ts'
import { backends, NOW, orchestratorFor, scriptedChain, sessionRequest } from './fixture.ts'
import type { Finalize } from './model.ts'
import { publicEvent, tables } from './store.ts'

const SIZE = 1024
const { root, remove } = ownFolder()
const who = identities()
let behind: Awaited<ReturnType<typeof backends>>
let now = NOW
let chain = scriptedChain()
let orchestrator: ReturnType<typeof orchestratorFor>

beforeAll(async () => {
  behind = await backends(root, who, { now: () => now })
})
afterAll(async () => {
  await behind.stop()
  remove()
})
beforeEach(() => {
  now = NOW
  chain = scriptedChain()
  orchestrator = orchestratorFor({ urls: behind.urls, who, chain, now: () => now })
})

type Recording = { readonly chunks?: number; readonly last?: boolean; readonly end?: Finalize }

/** A session with chunks that were recorded half a second apart, and ended a second after the last. */
const recorded = async ({ chunks = 2, last = true, end = { complete: true } }: Recording = {}) => {
  const { id } = await orchestrator.sessions.create(sessionRequest)
  const { epoch } = await behind.encryptor.sessions.openWriter(id)
  const app = behind.encryptor.appFor(guardAs('session-chunker'))
  for (let index = 0; index < chunks; index++) {
    now += 500
    const flags = last && index === chunks - 1 ? FLAG_LAST : 0
    // Its bytes came a while before they were durable.
    const last_byte_at = now - 300
    await encryptInto(app, { session: id, index, epoch, flags, last_byte_at }, noise(SIZE, index))
  }
  now += 1000
  await orchestrator.sessions.finalize(id, end)
  return id
}

const run = (id: string, parts: Partial<FinishParts> = {}) => finish({ ...orchestrator.finishParts, ...parts })(id)
const own = () => tables(orchestrator.store)
const audit = (id: string) => own().audit.find({ where: { session: id }, sort: [['seq', 'asc']] })
const events = async (id: string) => (await audit(id)).map(({ type }) => type)

/** The manifest of a session, after everything about it was checked. */
const soundManifest = async (id: string) => {
  const doc = await own().manifests.get(id)
  if (doc === undefined) throw new Error('no manifest')
  const bytes = utf8(doc.manifest)
  const manifest = parseManifest(bytes)
  checkManifest(manifest)
  const hash = manifestHash(bytes)
  expect(doc.public_key).toBe(manifest.session_public_key)
  expect(verifyHash(hash, fromHex(doc.signature), fromHex(doc.public_key))).toBe(true)
  expect(await own().keys.get(id)).toBeUndefined()
  const links = await audit(id)
  expect(chainFault(id, links.map(publicEvent))).toBeUndefined()
  expect(links.filter(({ type }) => type === 'sealed').map(({ hash: root }) => root)).toEqual([manifest.audit_root])
  return { manifest, hash: hash.toHex() }
}

describe('a session that ended', () => {
  test('is sealed, signed and anchored', async () => {
    const id = await recorded({ end: { complete: true, total_plain: 2 * SIZE } })
    expect(await own().keys.get(id)).toBeDefined()
    expect(await run(id)).toBe('anchoring')
    const { manifest, hash } = await soundManifest(id)
    expect(await run(id)).toBe('anchored')
    expect(await run(id)).toBe('anchored')

    const { chunks, ...rest } = manifest
    expect(chunks.map(({ i, plain, comp, cipher }) => ({ i, plain, comp, cipher }))).toEqual([
      { i: 0, plain: SIZE, comp: SIZE, cipher: SIZE + 16 },
      { i: 1, plain: SIZE, comp: SIZE, cipher: SIZE + 16 },
    ])
    expect(rest).toEqual({
      v: 1,
      session_id: id,
      session_public_key: expect.stringMatching(/^[0-9a-f]{64}$/),
      owner: OWNER,
      started_at: NOW,
      ended_at: NOW + 2000,
      participants: [],
      observers: [],
      codec: { compression: 'zstd', level: 3, cipher: 'XChaCha20-Poly1305', kdf: 'HKDF-BLAKE2b-512', hash: 'BLAKE3' },
      chunk_size: SIZE,
      chunk_count: 2,
      total_plain: 2 * SIZE,
      total_cipher: 2 * (SIZE + 16),
      merkle_root: expect.stringMatching(/^[0-9a-f]{64}$/),
      audit_root: expect.stringMatching(/^[0-9a-f]{64}$/),
      gaps: [],
      policy_hash: null,
      recorder_version: 'lucid/test',
      device_fingerprint: sessionRequest.device_fingerprint,
    })
    expect([...chain.jobs.values()]).toEqual([
      {
        session_id: id,
        manifest_hash: hash,
        started_at: NOW,
        owner: ownerBytes(OWNER).toHex(),
        merkle_root: manifest.merkle_root,
        chunk_count: 2,
      },
    ])
    expect(await orchestrator.sessions.get(id)).toMatchObject({
      id,
      state: 'anchored',
      pipeline: 'completed',
      complete: true,
      chunk_count: 2,
      total_plain: 2 * SIZE,
      merkle_root: manifest.merkle_root,
      manifest_hash: hash,
      anchor: { block: { number: 1 } },
      gaps: [],
    })
    expect((await audit(id)).map(({ type, body }) => ({ type, body }))).toEqual([
      { type: 'created', body: { owner: OWNER, session_public_key: manifest.session_public_key, started_at: NOW } },
      { type: 'recording-ended', body: { ended_at: NOW + 2000 } },
      { type: 'chunk-times', body: { from: 0, times: [NOW + 500, NOW + 1000] } },
      { type: 'sealed', body: { chunk_count: 2, merkle_root: manifest.merkle_root, total_plain: 2 * SIZE } },
      { type: 'anchored', body: (await orchestrator.sessions.get(id)).anchor ?? {} },
    ])
  })

  test('is signed once, also by two who finish it in the same moment', async () => {
    const id = await recorded()
    expect(await Promise.all([run(id), run(id)])).toEqual(['anchoring', 'anchoring'])
    await soundManifest(id)
    expect(await events(id)).toEqual(['created', 'recording-ended', 'chunk-times', 'sealed'])
  })

  test('takes no further chunk', async () => {
    const id = await recorded()
    await run(id)
    expect(await faultOf(() => behind.encryptor.sessions.openWriter(id))).toMatchObject({ code: 'sealed' })
  })

  test('that broke off has a gap from its last byte to its end, with the reason', async () => {
    const id = await recorded({ last: false, end: { complete: false, reason: 'the source went away' } })
    await run(id)
    const { manifest } = await soundManifest(id)
    expect(manifest.gaps).toEqual([{ at: 2, from: NOW + 700, to: NOW + 2000, reason: 'the source went away' }])
    expect(await orchestrator.sessions.get(id)).toMatchObject({ complete: false, gaps: manifest.gaps })
  })

  test('has a gap whenever its last chunk is missing, whatever the recorder said', async () => {
    const id = await recorded({ last: false, end: { complete: true } })
    await run(id)
    const { manifest } = await soundManifest(id)
    expect(manifest.gaps).toEqual([{ at: 2, from: NOW + 700, to: NOW + 2000, reason: 'the recording broke off' }])
  })

  test('has no gap when its last chunk is there, whatever the recorder said', async () => {
    const id = await recorded({ end: { complete: false, reason: 'the answer was lost' } })
    await run(id)
    const { manifest } = await soundManifest(id)
    expect(manifest.gaps).toEqual([])
    expect(await orchestrator.sessions.get(id)).toMatchObject({ complete: true })
  })

  test('ended when its recorder says, and no later than that is heard of', async () => {
    for (const [ended_at, expected] of [
      [NOW + 1500, NOW + 1500],
      [NOW + 9_000_000, undefined],
      [5, NOW],
    ] as const) {
      now = NOW
      const id = await recorded({ end: { complete: true, ended_at } })
      await run(id)
      expect((await soundManifest(id)).manifest.ended_at).toBe(expected ?? now)
    }
  })

  test('states each gap by the chunk that holds the first byte after it, and none behind what is durable', async () => {
    const gap = (offset: number, from: number, to: number) => ({ offset, from, to, reason: `at ${offset}` })
    const gaps = [
      gap(0, NOW - 50, NOW + 10),
      gap(SIZE - 1, NOW + 5, NOW + 20),
      gap(SIZE, NOW + 30, NOW + 40),
      gap(2 * SIZE, NOW + 50, NOW + 60),
    ]
    const id = await recorded({ last: false, end: { complete: false, reason: 'gone', gaps } })
    await run(id)
    expect((await soundManifest(id)).manifest.gaps).toEqual([
      { at: 0, from: NOW, to: NOW + 10, reason: 'at 0' },
      { at: 0, from: NOW + 10, to: NOW + 20, reason: `at ${SIZE - 1}` },
      { at: 1, from: NOW + 30, to: NOW + 40, reason: `at ${SIZE}` },
      { at: 2, from: NOW + 700, to: NOW + 2000, reason: 'gone' },
    ])
  })

  test('with more durable than its recorder knew is kept whole', async () => {
    const id = await recorded({ end: { complete: false, reason: 'stopped', total_plain: SIZE } })
    expect(await run(id)).toBe('anchoring')
    expect((await soundManifest(id)).manifest.total_plain).toBe(2 * SIZE)
  })
})

describe('a session fails', () => {
  const failure = async (id: string, error: string) => {
    expect(await orchestrator.sessions.get(id)).toMatchObject({ state: 'failed', pipeline: 'failed', error })
    expect(await own().keys.get(id)).toBeUndefined()
    expect((await audit(id)).at(-1)).toMatchObject({ type: 'failed', body: { reason: error } })
    expect(chain.jobs.size).toBe(0)
  }

  test('when nothing was recorded', async () => {
    const id = await recorded({ chunks: 0 })
    expect(await run(id)).toBe('failed')
    await failure(id, 'nothing was recorded: no chunk was ever acknowledged')
  })

  test('when less is durable than was acknowledged', async () => {
    const id = await recorded({ end: { complete: true, total_plain: 3 * SIZE } })
    expect(await run(id)).toBe('failed')
    await failure(id, '3072 bytes were acknowledged, 2048 are durable')
  })

  test('when the chain refuses its anchor', async () => {
    const id = await recorded()
    chain.is('refuses')
    await run(id)
    expect(await run(id)).toBe('failed')
    expect(await orchestrator.sessions.get(id)).toMatchObject({
      state: 'failed',
      error: 'the chain refused the anchor: registered by another',
    })
  })
})

describe('what is away only delays', () => {
  test('the chain: the session stays anchoring, signed, and is anchored later', async () => {
    const id = await recorded()
    await run(id)
    chain.is('away')
    expect(await faultOf(() => run(id))).toMatchObject({ code: 'unreachable' })
    chain.is('queues')
    expect(await run(id)).toBe('anchoring')
    await soundManifest(id)
    chain.is('anchors')
    expect(await run(id)).toBe('anchored')
    expect(chain.jobs.size).toBe(1)
  })

  test('a page of records: nothing is signed until all of them are there', async () => {
    const id = await recorded()
    const { records } = orchestrator.finishParts
    const short = async (session: string) => (await records(session)).slice(0, 1)
    expect(await faultOf(() => run(id, { records: short }))).toMatchObject({
      kind: 'unavailable',
      code: 'records-incomplete',
    })
    const swapped = async (session: string) => (await records(session)).toReversed()
    expect(await faultOf(() => run(id, { records: swapped }))).toMatchObject({ code: 'records-incomplete' })
    expect(await own().keys.get(id)).toBeDefined()
    expect(await run(id)).toBe('anchoring')
  })

  test('an unknown session is missing', async () => {
    expect(await faultOf(() => run(crypto.randomUUID()))).toMatchObject({ kind: 'missing', code: 'no-such-session' })
  })
})

describe('a crash at any moment', () => {
  class Crash extends Error {}

  /** Dies before or after the n-th effect, and never again. */
  const dyingAt = (n: number, when: 'before' | 'after') => {
    let effects = 0
    const effect = async <R>(work: () => Promise<R>): Promise<R> => {
      const mine = effects++
      if (mine === n && when === 'before') throw new Crash()
      const result = await work()
      if (mine === n && when === 'after') throw new Crash()
      return result
    }
    return { effect, reached: () => effects > n }
  }
  type Effect = ReturnType<typeof dyingAt>['effect']

  const dyingStore = (store: Store, effect: Effect): Store => ({
    ...store,
    transaction: (work) => effect(() => store.transaction(work)),
  })

  for (const when of ['before', 'after'] as const)
    test(`${when} any effect, the session is signed and anchored once`, async () => {
      let n = 0
      for (let more = true; more; n++) {
        chain.jobs.clear()
        const id = await recorded()
        const { effect, reached } = dyingAt(n, when)
        const { finishParts: parts, store } = orchestrator
        const dying: FinishParts = {
          ...parts,
          store: dyingStore(store, effect),
          seal: (session) => effect(() => parts.seal(session)),
          records: (session) => effect(() => parts.records(session)),
          build: (session, leaves) => effect(() => parts.build(session, leaves)),
          anchor: (request) => effect(() => parts.anchor(request)),
        }
        const states: unknown[] = []
        for (let tries = 0; states.at(-1) !== 'anchored' && tries < 10; tries++) {
          const step = await faultOf(async () => states.push(await finish(dying)(id)))
          if (step !== 'no fault') expect(step).toBeInstanceOf(Crash)
        }
        expect(states.at(-1)).toBe('anchored')
        const { manifest, hash } = await soundManifest(id)
        expect([...chain.jobs.values()].map(({ manifest_hash }) => manifest_hash)).toEqual([hash])
        expect(await events(id)).toEqual(['created', 'recording-ended', 'chunk-times', 'sealed', 'anchored'])
        expect(manifest.chunk_count).toBe(2)
        more = reached()
      }
      // seal, records, build, anchor, three steps, the signature, and the last word.
      expect(n - 1).toBe(9)
    })
})

test('a store that is closed in the middle leaves a session that another process finishes', async () => {
  const file = `${root}/orchestrator.sqlite`
  const first = sqliteStore({ path: file })
  orchestrator = orchestratorFor({ urls: behind.urls, who, chain, now: () => now, store: first })
  const id = await recorded()
  const { build } = orchestrator.finishParts
  const dying = async (session: string, leaves: readonly string[]) => {
    const built = await build(session, leaves)
    await first.close()
    return built
  }
  expect(await faultOf(() => run(id, { build: dying }))).toMatchObject({ code: 'store-closed' })
  orchestrator = orchestratorFor({ urls: behind.urls, who, chain, now: () => now, store: sqliteStore({ path: file }) })
  expect(await run(id)).toBe('anchoring')
  expect(await run(id)).toBe('anchored')
  await soundManifest(id)
  await orchestrator.store.close()
})
