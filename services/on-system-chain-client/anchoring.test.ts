import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveAddress } from '#common/ethereum/address'
import { type RealServices, realServices } from '#common/testing/real-services'
import type { Job } from './model.ts'

/** The real services as processes: nothing here is played. */
const PRIVATE_KEY = '11'.repeat(32)
const home = mkdtempSync(join(tmpdir(), 'lucid-anchoring-'))
const services: RealServices = realServices(home, {
  'blockchain-ledger': {
    LEDGER_KEY: '22'.repeat(32),
    WITNESS_WAIT_MS: '0', // who reads the chain is started after it, at ports of its own
    REGISTRAR_ADDRESS: deriveAddress(PRIVATE_KEY),
    BLOCK_WINDOW_MS: '20',
  },
  'on-system-chain-client': { PRIVATE_KEY, POLL_MS: '20' },
})
const chain = ['blockchain-vm', 'blockchain-ledger', 'blockchain-sessions-data', 'blockchain-api'] as const
const CLIENT = 'on-system-chain-client'

beforeAll(async () => {
  for (const name of chain) await services.start(name)
  await services.start(CLIENT)
}, 60_000)
afterAll(async () => {
  await services.stop()
  rmSync(home, { recursive: true })
})

const anchor = (n: number) => ({
  session_id: `0b0e7a52-2a4e-4f4b-9d3a-${n.toString(16).padStart(12, '0')}`,
  manifest_hash: (n + 1).toString(16).padStart(64, 'a'),
  started_at: 1_700_000_000_000 + n,
  owner: 'bb'.repeat(20),
  merkle_root: 'cc'.repeat(32),
  chunk_count: n + 1,
})

const ask = async (method: string, path: string, body?: object): Promise<Response> => {
  const token = await services.as('session-orchestrator')(CLIENT)
  return fetch(`${services.url(CLIENT)}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

/** Hands an anchor in until it is acknowledged, over however many lives of the service. */
const handIn = async (n: number): Promise<void> => {
  const reply = await ask('POST', '/anchors', anchor(n)).catch(() => undefined)
  if (reply?.status === 202) return
  await Bun.sleep(10)
  await handIn(n)
}

const settled = async (n: number): Promise<Job> => {
  const reply = await ask('GET', `/anchors/${anchor(n).session_id}`)
  const job = (await reply.json()) as Job
  if (job.state === 'anchored' || job.state === 'refused') return job
  await Bun.sleep(20)
  return settled(n)
}

type Page = { readonly anchors: readonly { readonly session_id: string; readonly tx_hash: string }[] }
type Replay = { readonly replay?: { readonly done: boolean; readonly differed: number; readonly checked: number } }

const onChain = async (): Promise<Page['anchors']> => {
  // Asking for a session that is not there makes the index look at the ledger first.
  await fetch(`${services.url('blockchain-api')}/anchors/${anchor(9999).session_id}`)
  const reply = await fetch(`${services.url('blockchain-api')}/anchors?limit=1000`)
  return ((await reply.json()) as Page).anchors
}

describe('anchoring over the real chain', () => {
  test('a session that is handed in ends in a block, and its proof is public', async () => {
    await handIn(0)
    const job = await settled(0)
    expect(job).toMatchObject({ state: 'anchored', block: { number: 1 } })
    const proof = await fetch(`${services.url('blockchain-api')}/anchors/${anchor(0).session_id}`)
    expect(await proof.json()).toMatchObject({ tx_hash: job.tx_hash, block: job.block, event: { chunkCount: 1 } })
  }, 30_000)

  test('killed at any moment, the client anchors everything it acknowledged exactly once', async () => {
    const rounds = 12
    const each = 5
    for (let round = 0; round < rounds; round++) {
      const mine = Array.from({ length: each }, (_, i) => 1 + round * each + i)
      const handed = Promise.all(mine.map(handIn))
      // From before the first acknowledgement to after the block: signing, sending and settling all get hit.
      await Bun.sleep((round * 29) % 120)
      await services.kill(CLIENT)
      if (round % 3 === 0) {
        await services.kill('blockchain-sessions-data')
        await services.start('blockchain-sessions-data')
      }
      await services.start(CLIENT)
      await handed
    }
    const count = rounds * each
    for (let n = 1; n <= count; n++) expect(await settled(n)).toMatchObject({ state: 'anchored' })
    const found = await onChain()
    expect(found.map(({ session_id }) => session_id).toSorted()).toEqual(
      Array.from({ length: count + 1 }, (_, n) => anchor(n).session_id),
    )
  }, 120_000)

  test('while the rest of the chain dies and comes back, nothing is refused and nothing is anchored twice', async () => {
    const victims = ['blockchain-api', 'blockchain-ledger', 'blockchain-vm', 'blockchain-sessions-data'] as const
    for (const [i, victim] of victims.entries()) {
      await services.kill(victim)
      for (let n = 100 + i * 10; n < 105 + i * 10; n++) await handIn(n)
      await services.start(victim)
    }
    for (const i of victims.keys())
      for (let n = 100 + i * 10; n < 105 + i * 10; n++) expect(await settled(n)).toMatchObject({ state: 'anchored' })
    const found = await onChain()
    expect(new Set(found.map(({ session_id }) => session_id)).size).toBe(found.length)
    expect(found).toHaveLength(81)
  }, 120_000)

  test('a replay of the whole chain finds the index sound', async () => {
    const token = await services.as('operator')('blockchain-sessions-data')
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const url = services.url('blockchain-sessions-data')
    await fetch(`${url}/replay`, { method: 'POST', headers, body: JSON.stringify({ from: 0 }) })
    let progress: Replay = {}
    while (!progress.replay?.done) {
      await Bun.sleep(10)
      progress = (await (await fetch(`${url}/progress?fresh=true`, { headers })).json()) as Replay
    }
    expect(progress.replay).toMatchObject({ differed: 0, checked: 81 })
  }, 30_000)
})
