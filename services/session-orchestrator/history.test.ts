import { describe, expect, test } from 'bun:test'
import { Fault } from '#common/process/fault'
import { silentLog } from '#common/process/log'
import { sqliteStore } from '#common/store/sqlite'
import { faultOf } from '#common/testing/faults'
import { derived } from '#common/testing/sample-session'
import { OWNER } from '#services/session-encryptor/fixture'
import type { AnchorJob } from './anchor.ts'
import { chainFault } from './audit.ts'
import { type FinishParts, finish } from './finish.ts'
import { historyCheck, requireAnchors } from './history.ts'
import { publicEvent, type SessionDoc, tables } from './store.ts'

const idOf = (n: number) => `0b0e7a52-2a4e-4f4b-9d3a-${n.toString(16).padStart(12, '0')}`
const jobIn = (number: number, seed = 'main'): AnchorJob => ({
  state: 'anchored',
  tx_hash: derived(number, `${seed} tx`).toHex(),
  block: { number, hash: derived(number, `${seed} block`).toHex() },
})

/** `count` sessions, the n-th anchored in block n, and a client of the chain that says of each what a test wants. */
const anchoredSessions = async (count: number) => {
  const store = sqliteStore({ path: ':memory:' })
  const jobs = new Map<string, AnchorJob>()
  const history = { number: count, went_back: 0 }
  const asked: string[] = []
  const kicked: string[] = []
  for (let n = 1; n <= count; n++) {
    const { tx_hash = '', block = { number: 0, hash: '' } } = jobIn(n)
    const doc: SessionDoc = {
      ...{ id: idOf(n), state: 'anchored', pipeline: 'completed', owner: OWNER, participants: [], observers: [] },
      ...{ started_at: n, gaps: [], chunk_size: 1024, chunk_count: 1, touched_at: n },
      merkle_root: derived(n, 'root').toHex(),
      manifest_hash: derived(n, 'manifest').toHex(),
      anchor: { tx_hash, block },
      ...{ public_key: derived(n, 'key').toHex(), recorder_version: 'test', device_fingerprint: '' },
    }
    await tables(store).sessions.insert(doc)
    jobs.set(doc.id, jobIn(n))
  }
  const parts = {
    store,
    now: () => 1_000,
    anchor: async ({ session_id }: { readonly session_id: string }): Promise<AnchorJob> => {
      asked.push(session_id)
      return jobs.get(session_id) ?? { state: 'queued' }
    },
    history: async () => ({ ...history }),
    worker: { kick: (id: string) => void kicked.push(id) },
    pause: async () => {},
    log: silentLog,
  }
  const states = async () =>
    Promise.all(Array.from({ length: count }, async (_, i) => (await tables(store).sessions.get(idOf(i + 1)))?.state))
  return { store, jobs, history, asked, kicked, parts, states, check: historyCheck(parts) }
}

describe('a chain that went back', () => {
  test('takes the sessions back to anchoring whose anchors it lost, and no others', async () => {
    const { store, jobs, history, kicked, parts, states, check } = await anchoredSessions(5)
    await check()
    expect(kicked).toEqual([])
    jobs.set(idOf(4), jobIn(4, 'anew'))
    jobs.set(idOf(5), { state: 'submitted' })
    Object.assign(history, { number: 3, went_back: 1 })
    await check()
    expect(await states()).toEqual(['anchored', 'anchored', 'anchored', 'anchoring', 'anchoring'])
    expect(kicked).toEqual([idOf(5), idOf(4)])
    expect((await tables(store).sessions.get(idOf(5)))?.anchor).toBeUndefined()
    expect(await faultOf(() => requireAnchors(store))).toMatchObject({
      code: 'anchors-lost',
      message:
        'the chain went back to older data: 2 sessions anchored again; bun run recover chain if the ledger waits for it',
    })

    const again = finish(parts as unknown as FinishParts)
    expect(await again(idOf(5))).toBe('anchoring')
    jobs.set(idOf(5), jobIn(6, 'anew'))
    for (const n of [4, 5]) expect(await again(idOf(n))).toBe('anchored')
    expect((await tables(store).sessions.get(idOf(5)))?.anchor?.block.number).toBe(6)
    await requireAnchors(store)
    const events = await tables(store).audit.find({ where: { session: idOf(5) }, sort: [['seq', 'asc']] })
    expect(events.map(({ type, body }) => ({ type, body }))).toEqual([
      { type: 'anchor-lost', body: { reason: `block 5 ${jobIn(5).block?.hash}` } },
      { type: 'anchored', body: { tx_hash: expect.any(String), block: jobIn(6, 'anew').block } },
    ])
    expect(chainFault(idOf(5), events.map(publicEvent))).toBeUndefined()
  })

  test('is noticed at a start, by a height that fell, and by the client’s count', async () => {
    for (const after of [{ number: 2 }, { number: 9, went_back: 1 }, undefined]) {
      const { jobs, history, kicked, check } = await anchoredSessions(3)
      if (after !== undefined) await check()
      jobs.set(idOf(3), { state: 'queued' })
      Object.assign(history, after)
      await check()
      expect(kicked).toEqual([idOf(3)])
    }
  })

  test('costs one question while it only grows', async () => {
    const { history, asked, check } = await anchoredSessions(3)
    await check()
    const before = asked.length
    history.number = 7
    await check()
    expect(asked).toHaveLength(before)
  })

  test('is followed through all sessions, however many lost their anchors', async () => {
    const { jobs, kicked, check } = await anchoredSessions(90)
    for (let n = 31; n <= 90; n++) jobs.delete(idOf(n))
    await check()
    expect(kicked).toHaveLength(60)
  })

  test('is not what happened where the client only forgot, and finds the anchor when it looks', async () => {
    const { jobs, kicked, parts } = await anchoredSessions(2)
    jobs.delete(idOf(2))
    const pause = async () => void jobs.set(idOf(2), jobIn(2))
    await historyCheck({ ...parts, pause })()
    expect(kicked).toEqual([])
  })

  test('that nobody can be asked about is asked about again, from the same point', async () => {
    const { jobs, kicked, parts } = await anchoredSessions(2)
    jobs.set(idOf(2), { state: 'queued' })
    let away = true
    const check = historyCheck({
      ...parts,
      history: async () => {
        if (away) throw new Fault('unavailable', 'unreachable', 'on-system-chain-client cannot be reached')
        return { number: 1, went_back: 0 }
      },
    })
    await expect(check()).rejects.toMatchObject({ code: 'unreachable' })
    away = false
    await check()
    expect(kicked).toEqual([idOf(2)])
  })
})
