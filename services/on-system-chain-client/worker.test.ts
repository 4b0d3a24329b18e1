import { describe, expect, test } from 'bun:test'
import { signTransaction } from '#common/ethereum/transaction'
import { encodeRegisterSession } from '#common/evidence/anchors-abi'
import { CHAIN_ID } from './fake-blocks.fixture.ts'
import { CONTRACT, fakeChain } from './fake-chain.fixture.ts'
import type { AnchorRequest } from './model.ts'
import { account, request, secretKey, setUp } from './worker.fixture.ts'

const registering = (n: number, nonce: number, key = secretKey, changed: Partial<AnchorRequest> = {}) =>
  signTransaction(
    {
      chainId: CHAIN_ID,
      nonce,
      gas: 150_000n,
      to: CONTRACT,
      value: 0n,
      data: encodeRegisterSession(request(n).session_id, { ...request(n), ...changed }),
      maxFeePerGas: 10n,
      maxPriorityFeePerGas: 0n,
    },
    key,
  ).raw

describe('anchoring', () => {
  test('takes a job from queued over submitted to anchored, and then has nothing to do', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round } = born()
    expect(await round()).toBe(true)
    expect(await state(1)).toBe('submitted')
    fake.mine()
    await round()
    const job = await jobs.get(request(1).session_id)
    expect(job).toMatchObject({ state: 'anchored', block_number: 1, attempts: 1, nonce: 0 })
    expect(fake.has(String(job?.tx_hash))).toBe(true)
    expect(await round()).toBe(false)
  })

  test('puts many anchors into one block', async () => {
    const fake = fakeChain(account)
    const { jobs, born } = setUp(fake)
    for (let n = 0; n < 150; n++) await jobs.add(request(n), n)
    const { round } = born()
    await round()
    expect(fake.sent).toHaveLength(100)
    fake.mine()
    await round()
    expect(await jobs.counts()).toEqual({ queued: 50, submitted: 0, anchored: 100, refused: 0 })
  })

  test('keeps the bytes before it sends them, and sends the same ones after a restart', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state } = setUp(fake)
    await jobs.add(request(1), 0)
    fake.befall((method) => (method === 'send' ? 'not-sent' : 'none'))
    await expect(born().round()).rejects.toThrow('away')
    expect(fake.sent).toEqual([])
    expect(await state(1)).toBe('submitted')
    const kept = (await jobs.get(request(1).session_id))?.raw
    fake.befall(() => 'none')
    await born().round()
    expect(fake.sent).toEqual([String(kept)])
  })

  test('a lost reply leads to the same bytes again, and to one registration', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state } = setUp(fake)
    await jobs.add(request(1), 0)
    fake.befall((method) => (method === 'send' ? 'reply-lost' : 'none'))
    await expect(born().round()).rejects.toThrow('away')
    fake.befall(() => 'none')
    await born().round()
    expect(new Set(fake.sent).size).toBe(1)
    expect(fake.sent).toHaveLength(2)
    fake.mine()
    await born().round()
    expect(await state(1)).toBe('anchored')
    expect(fake.registrations(request(1).session_id)).toBe(1)
  })

  test('while the chain is away the queue grows and nothing fails', async () => {
    const fake = fakeChain(account)
    const { jobs, born } = setUp(fake)
    fake.befall(() => 'not-sent')
    for (let n = 0; n < 5; n++) {
      await jobs.add(request(n), n)
      await expect(born().round()).rejects.toThrow('away')
    }
    expect(await jobs.counts()).toEqual({ queued: 5, submitted: 0, anchored: 0, refused: 0 })
  })

  test('bytes that the chain forgot are sent again, not before their time', async () => {
    const fake = fakeChain(account)
    const { jobs, born, later } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round } = born()
    await round()
    await round()
    expect(fake.sent).toHaveLength(1)
    fake.forgetPool()
    later()
    await round()
    expect(fake.sent).toHaveLength(2)
    expect(new Set(fake.sent).size).toBe(1)
  })

  test('counts an anchor only under the confirmations asked for, and survives a reorganisation before', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state, later } = setUp(fake, 2)
    await jobs.add(request(1), 0)
    const { round } = born()
    await round()
    fake.mine()
    await round()
    expect(await state(1)).toBe('submitted')
    fake.reorganise('forget')
    later()
    await round()
    fake.mine()
    fake.mine()
    await round()
    expect(await jobs.get(request(1).session_id)).toMatchObject({ state: 'anchored', block_number: 1 })
    expect(fake.registrations(request(1).session_id)).toBe(1)
  })
})

describe('what is on the chain already', () => {
  test('with the same content counts as anchored and is not sent', async () => {
    const fake = fakeChain(account)
    const { jobs, born } = setUp(fake)
    await fake.chain.send([registering(1, 0)])
    fake.mine()
    const before = fake.sent.length
    await jobs.add(request(1), 0)
    await born().round()
    expect(await jobs.get(request(1).session_id)).toMatchObject({ state: 'anchored', block_number: 1 })
    expect(fake.sent).toHaveLength(before)
  })

  test('with other content is refused as anchored differently', async () => {
    const fake = fakeChain(account)
    const { jobs, born } = setUp(fake)
    await fake.chain.send([registering(1, 0, secretKey, { chunk_count: 99 })])
    fake.mine()
    await jobs.add(request(1), 0)
    await born().round()
    expect(await jobs.get(request(1).session_id)).toMatchObject({
      state: 'refused',
      error: { code: 'anchored-differently' },
    })
  })

  test('a spent nonce with the session registered counts as anchored; unregistered, it is signed anew', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state } = setUp(fake)
    for (const n of [1, 2]) await jobs.add(request(n), n)
    fake.befall((method) => (method === 'send' ? 'not-sent' : 'none'))
    await expect(born().round()).rejects.toThrow('away')
    fake.befall(() => 'none')
    await fake.chain.send([registering(1, 0, secretKey), registering(3, 1)])
    fake.mine()
    await born().round()
    expect(await state(1)).toBe('anchored')
    expect(await state(2)).toBe('queued')
    await born().round()
    fake.mine()
    await born().round()
    expect(await jobs.get(request(2).session_id)).toMatchObject({ state: 'anchored', nonce: 2 })
  })

  test('bytes that are mined while they are being given up are not signed anew', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state, later } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round } = born()
    await round()
    later()
    const { send, sessions } = fake.chain
    Object.assign(fake.chain, {
      send: async (raws: readonly string[]) => raws.map(() => ({ outcome: 'spent', message: 'nonce too low' })),
      sessions: async (ids: readonly string[]) => {
        const before = await sessions(ids)
        fake.mine()
        return before
      },
    })
    await round()
    expect(await state(1)).toBe('submitted')
    Object.assign(fake.chain, { send, sessions })
    await round()
    expect(await jobs.get(request(1).session_id)).toMatchObject({ state: 'anchored', nonce: 0 })
  })

  test('a chain that was replaced gets everything in flight signed anew from its own nonce', async () => {
    const fake = fakeChain(account)
    const { jobs, born, later } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round } = born()
    await round()
    fake.mine()
    await round()
    await jobs.add(request(2), 1)
    await round()
    fake.replace()
    later()
    await round()
    await round()
    fake.mine()
    await round()
    const nonces = [1, 2].map(async (n) => {
      const { state, nonce } = (await jobs.get(request(n).session_id)) ?? {}
      expect(state).toBe('anchored')
      return nonce
    })
    expect((await Promise.all(nonces)).toSorted()).toEqual([0, 1])
  })
})

describe('a chain that is put back to older data', () => {
  /** Jobs 1 to `count`, each in a block of its own. */
  const anchoredOneByOne = async (count: number) => {
    const fake = fakeChain(account)
    const set = setUp(fake)
    const { round } = set.born()
    for (let n = 1; n <= count; n++) {
      await set.jobs.add(request(n), n)
      await round()
      fake.mine()
      await round()
    }
    return { fake, ...set }
  }
  const heights = async ({ jobs }: ReturnType<typeof setUp>, count: number) =>
    Promise.all(
      Array.from({ length: count }, async (_, i) => (await jobs.get(request(i + 1).session_id))?.block_number),
    )

  test('gets every anchor that it lost again, each once, and no other', async () => {
    const chain = await anchoredOneByOne(6)
    const { fake, born, jobs } = chain
    const before = fake.sent.length
    fake.putBack(4)
    const { round } = born()
    await round()
    expect(await jobs.lost()).toBe(2)
    expect(await jobs.counts()).toEqual({ queued: 0, submitted: 2, anchored: 4, refused: 0 })
    fake.mine()
    await round()
    expect(await heights(chain, 6)).toEqual([1, 2, 3, 4, 5, 5])
    expect(fake.sent.length - before).toBe(2)
    for (let n = 1; n <= 6; n++) expect(fake.registrations(request(n).session_id)).toBe(1)
    expect(await jobs.lost()).toBe(0)
    expect(await round()).toBe(false)
  })

  test('and grew past its old height since is noticed by the hash of the block', async () => {
    const chain = await anchoredOneByOne(3)
    const { fake, born } = chain
    fake.putBack(1)
    for (let n = 0; n < 5; n++) fake.mine()
    const { round } = born()
    await round()
    fake.mine()
    await round()
    expect(await heights(chain, 3)).toEqual([1, 7, 7])
  })

  test('is looked through again after a crash in the middle', async () => {
    const chain = await anchoredOneByOne(3)
    const { fake, born, jobs } = chain
    fake.putBack(0)
    fake.befall((method) => (method === 'receipts' ? 'reply-lost' : 'none'))
    await expect(born().round()).rejects.toThrow('away')
    fake.befall(() => 'none')
    const { round } = born()
    await round()
    fake.mine()
    await round()
    expect(await heights(chain, 3)).toEqual([1, 1, 1])
    expect(await jobs.history()).toMatchObject({ number: 1, went_back: 1 })
  })

  test('gets more of them again than are looked at together', async () => {
    const fake = fakeChain(account)
    const set = setUp(fake)
    const { round } = set.born()
    for (let n = 1; n <= 250; n++) await set.jobs.add(request(n), n)
    for (let rounds = 0; rounds < 6; rounds++) {
      await round()
      fake.mine()
    }
    await round()
    expect((await set.jobs.counts()).anchored).toBe(250)
    fake.putBack(1)
    for (let rounds = 0; rounds < 6; rounds++) {
      await round()
      fake.mine()
    }
    await round()
    expect((await set.jobs.counts()).anchored).toBe(250)
    for (let n = 1; n <= 250; n++) expect(fake.registrations(request(n).session_id)).toBe(1)
  })
})

describe('what cannot be anchored', () => {
  test('a key that is not the registrar keeps the queue waiting and says so', async () => {
    const fake = fakeChain('99'.repeat(20))
    const { jobs, born, state } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round, trouble } = born()
    await round()
    expect(trouble()).toContain('not the registrar')
    expect(await state(1)).toBe('queued')
    expect(fake.sent).toEqual([])
  })

  test('what the chain refused once is not told any more when chain or store are away', async () => {
    const fake = fakeChain('99'.repeat(20))
    const { jobs, born } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round, trouble } = born()
    await round()
    expect(trouble()).toBeDefined()
    fake.befall(() => 'not-sent')
    await expect(round()).rejects.toThrow('away')
    expect(trouble()).toBeUndefined()
  })

  test('a reverted transaction is refused, and queued anew when asked for again', async () => {
    const fake = fakeChain(account)
    const { jobs, born, state } = setUp(fake)
    await jobs.add(request(1), 0)
    const { round } = born()
    await round()
    const original = fake.chain.receipts
    Object.assign(fake.chain, {
      receipts: async (hashes: readonly string[]) =>
        hashes.map((tx_hash) => ({
          status: 0,
          place: { tx_hash, block_number: 0, block_hash: '00'.repeat(32) },
          registered: undefined,
        })),
    })
    await round()
    expect(await state(1)).toBe('refused')
    Object.assign(fake.chain, { receipts: original })
    expect(await jobs.add(request(1), 5)).toMatchObject({ state: 'queued' })
  })

  test('other content for a known session is a conflict', async () => {
    const { jobs } = setUp(fakeChain(account))
    await jobs.add(request(1), 0)
    expect(await jobs.add(request(1), 9)).toMatchObject({ queued_at: 0 })
    await expect(jobs.add({ ...request(1), chunk_count: 77 }, 9)).rejects.toThrow('other content')
  })
})
