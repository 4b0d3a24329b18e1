import { describe, expect, test } from 'bun:test'
import { ANCHORS_ADDRESS, verifyAnchor } from '#common/evidence/anchor'
import { decodeRegistered } from '#common/evidence/anchors-abi'
import { sessionIdBytes32 } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'
import type { Store } from '#common/store/store'
import {
  anchorTx,
  CHAIN_ID,
  contentOf,
  REGISTRAR,
  STRANGER,
  STRANGER_KEY,
  sessionOf,
  signed,
} from '#services/blockchain-vm/fixture'
import { identity, ledgerOn, opened, tamper } from './fixture.ts'
import { sealing } from './seal.ts'
import { collections, type TransactionDoc } from './store.ts'

describe('the ledger', () => {
  test('mines what it accepted, in one block, with receipts and logs numbered through', async () => {
    const { ledger, view } = await opened()
    for (let n = 0; n < 3; n++) await ledger.submit(anchorTx(n, n).raw)
    expect(await view.transaction(anchorTx(0, 0).hash)).toEqual({
      tx_hash: anchorTx(0, 0).hash,
      raw: anchorTx(0, 0).raw,
      state: 'pending',
    })
    const block = await ledger.sealNext()
    expect(block).toMatchObject({ number: 1, parent_hash: ledger.meta.genesis_hash, base_fee: '7' })
    expect(block?.tx_hashes).toEqual([0, 1, 2].map((n) => anchorTx(n, n).hash))
    const { blocks, head } = await view.page(0, 100, ledger.head())
    expect(head).toEqual({ number: 1, hash: block?.id ?? '', timestamp: 1_800_000_000 })
    expect(blocks.map(({ number }) => number)).toEqual([0, 1])
    const receipts = blocks[1]?.receipts ?? []
    expect(receipts.map(({ status, tx_index, logs }) => [status, tx_index, logs[0]?.log_index])).toEqual([
      [1, 0, 0],
      [1, 1, 1],
      [1, 2, 2],
    ])
    expect(await view.transaction(anchorTx(2, 2).hash)).toMatchObject({ state: 'mined', block_number: 1, tx_index: 2 })
    expect(await ledger.sealNext()).toBeUndefined()
  })

  test('answers a known transaction as before, waiting or mined, and mines it once', async () => {
    const { ledger, view } = await opened()
    const { raw, hash } = anchorTx(0, 0)
    expect(await ledger.submit(raw)).toEqual({ tx_hash: hash })
    expect(await ledger.submit(raw)).toEqual({ tx_hash: hash })
    await ledger.sealNext()
    expect(await ledger.submit(raw)).toEqual({ tx_hash: hash })
    expect(await ledger.sealNext()).toBeUndefined()
    expect((await view.page(0, 100, ledger.head())).blocks).toHaveLength(2)
  })

  test('puts 250 anchors into blocks of 100, 100 and 50', async () => {
    const { ledger } = await opened()
    for (let n = 0; n < 250; n++) await ledger.submit(anchorTx(n, n).raw)
    const sizes = []
    for (let block = await ledger.sealNext(); block; block = await ledger.sealNext()) sizes.push(block.tx_hashes.length)
    expect(sizes).toEqual([100, 100, 50])
  }, 30_000)

  test('proves a receipt and its transaction so that the offline verifier accepts it, and nothing else', async () => {
    const { ledger, view } = await opened()
    for (let n = 0; n < 20; n++) await ledger.submit(anchorTx(n, n).raw)
    await ledger.sealNext()
    const { hash } = anchorTx(17, 17)
    const [proof, receipt] = [await view.proof(hash, ledger.head()), await view.receipt(hash)]
    const [log] = receipt.logs
    const event = log && decodeRegistered(log)
    expect(event).toEqual({ session_id: sessionOf(17), ...contentOf(17) })
    const anchor = {
      chain_id: CHAIN_ID,
      contract: ANCHORS_ADDRESS,
      tx_hash: hash,
      tx_index: proof.tx_index,
      block: { number: proof.block_number, hash: proof.block_hash, header_rlp: proof.header_rlp },
      receipt_proof: proof.receipt_proof,
      tx_proof: proof.tx_proof,
      sealer: proof.sealer,
      event: {
        sessionId: sessionIdBytes32(sessionOf(17)),
        manifestHash: contentOf(17).manifest_hash,
        startedAt: contentOf(17).started_at,
        owner: contentOf(17).owner,
        merkleRoot: contentOf(17).merkle_root,
        chunkCount: contentOf(17).chunk_count,
      },
    }
    expect(verifyAnchor(anchor).txProven).toBe(true)
    expect(() => verifyAnchor({ ...anchor, tx_hash: anchorTx(16, 16).hash })).toThrow('tx_hash')
    expect(() => verifyAnchor({ ...anchor, tx_index: 16 })).toThrow()
    const [first = '', ...rest] = proof.receipt_proof
    const altered = first.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
    expect(() => verifyAnchor({ ...anchor, receipt_proof: [altered, ...rest] })).toThrow()
    const other = sealing('55'.repeat(32)).seal(proof.block_hash)
    expect(() => verifyAnchor({ ...anchor, sealer: { ...other, public_key: proof.sealer.public_key } })).toThrow()
  })

  test('drops only the transaction that became impossible, and frees its nonce', async () => {
    const { ledger, view, store, vm } = await opened()
    await ledger.submit(signed(0, { to: STRANGER, value: 10n ** 15n, gas: 21_000n }).raw)
    await ledger.sealNext()
    const poor = signed(0, { key: STRANGER_KEY, to: REGISTRAR, value: 1n, gas: 21_000n, maxFeePerGas: 1000n })
    await ledger.submit(poor.raw)
    await ledger.submit(anchorTx(1, 1).raw)
    const { transactions } = collections(store)
    const doc = await transactions.get(poor.hash)
    if (!doc) throw new Error('not kept')
    // The pool checked funds, so the only way there is a record that was altered: here a value out of reach.
    const rich = signed(0, { key: STRANGER_KEY, to: REGISTRAR, value: 10n ** 20n, gas: 21_000n, maxFeePerGas: 1000n })
    const { rev, ...rest } = doc
    await transactions.replace({ ...rest, raw: rich.raw } as TransactionDoc, rev)
    const again = await ledgerOn(store, vm)
    const block = await again.sealNext()
    expect(block?.tx_hashes).toEqual([anchorTx(1, 1).hash])
    await expect(view.transaction(poor.hash)).rejects.toMatchObject({ code: 'not-on-chain' })
    expect(await again.submit(poor.raw)).toEqual({ tx_hash: poor.hash })
    expect((await again.sealNext())?.tx_hashes).toEqual([poor.hash])
  })

  test('lowers the base fee by empty blocks for who was priced out, and only then', async () => {
    const { ledger, store, vm } = await opened()
    const { raw, hash } = anchorTx(0, 0, { maxFeePerGas: 7n })
    await ledger.submit(raw)
    await tamper(store, 0, () => ({ base_fee: '40' }))
    const again = await ledgerOn(store, vm)
    const sizes = []
    for (let block = await again.sealNext(); block; block = await again.sealNext()) {
      sizes.push(block.tx_hashes.length)
      if (block.tx_hashes.length > 0) expect([block.tx_hashes, block.base_fee]).toEqual([[hash], '7'])
    }
    expect(sizes.at(-1)).toBe(1)
    expect(sizes.slice(0, -1).every((size) => size === 0)).toBe(true)
  })

  test('goes on after a restart with head, waiting transactions and nonces', async () => {
    const { ledger, store, vm } = await opened()
    await ledger.submit(anchorTx(0, 0).raw)
    const first = await ledger.sealNext()
    await ledger.submit(anchorTx(1, 1).raw)
    const again = await ledgerOn(store, vm)
    expect(again.head().id).toBe(first?.id ?? '')
    expect(again.pool.size()).toBe(1)
    await expect(again.submit(anchorTx(0, 9).raw)).rejects.toMatchObject({ code: 'nonce-too-low' })
    await expect(again.submit(anchorTx(1, 9).raw)).rejects.toMatchObject({ code: 'nonce-taken' })
    expect((await again.sealNext())?.tx_hashes).toEqual([anchorTx(1, 1).hash])
  })

  test('refuses a store of another key, chain or registrar', async () => {
    const { store, vm } = await opened()
    for (const other of [
      { ...identity, chainId: 5 },
      { ...identity, registrar: STRANGER },
      { ...identity, sealing: sealing('44'.repeat(32)) },
    ])
      await expect(ledgerOn(store, vm, { identity: other })).rejects.toMatchObject({ code: 'foreign-store' })
    await ledgerOn(store, vm)
  })

  test('does not grow a store that another ledger grew meanwhile', async () => {
    const { ledger, store, vm, view } = await opened()
    await ledger.submit(anchorTx(0, 0).raw)
    const other = await ledgerOn(store, vm, { now: () => 1_900_000_000_000 })
    await other.pool.prepare() // it has seen the nonce of the old head
    const block = await ledger.sealNext()
    await expect(other.sealNext()).rejects.toMatchObject({ code: 'stale' })
    expect((await view.page(0, 100, ledger.head())).blocks.map(({ hash }) => hash)).toEqual([
      ledger.meta.genesis_hash,
      block?.id ?? '',
    ])
  })

  test('keeps nothing of a block whose commit fails, and makes it again', async () => {
    const { store, vm } = await opened()
    let broken = true
    const flaky: Store = {
      ...store,
      transaction: (work) =>
        store.transaction(async (tx) => {
          const result = await work(tx)
          if (broken) throw new Fault('unavailable', 'disk-full', 'no space')
          return result
        }),
    }
    const again = await ledgerOn(flaky, vm)
    await again.submit(anchorTx(0, 0).raw)
    await expect(again.sealNext()).rejects.toMatchObject({ code: 'disk-full' })
    expect([again.head().number, again.pool.size()]).toEqual([0, 1])
    broken = false
    expect((await again.sealNext())?.tx_hashes).toEqual([anchorTx(0, 0).hash])
  })

  test('does not accept what it could not keep', async () => {
    const { store, vm } = await opened()
    const full: Store = {
      ...store,
      collection: (declaration) => ({
        ...store.collection(declaration),
        insert: () => Promise.reject(new Fault('unavailable', 'disk-full', 'no space')),
      }),
    }
    const again = await ledgerOn(full, vm)
    await expect(again.submit(anchorTx(0, 0).raw)).rejects.toMatchObject({ code: 'disk-full' })
    expect(again.pool.size()).toBe(0)
    expect(await again.sealNext()).toBeUndefined()
  })

  test('takes a commit for done when only its answer was lost', async () => {
    const { store, vm } = await opened()
    const flaky: Store = {
      ...store,
      transaction: async (work) => {
        await store.transaction(work)
        throw new Fault('unavailable', 'disk-error', 'the answer was lost')
      },
    }
    const again = await ledgerOn(flaky, vm)
    await again.submit(anchorTx(0, 0).raw)
    expect((await again.sealNext())?.number).toBe(1)
    expect([again.head().number, again.pool.size()]).toEqual([1, 0])
  })

  test('goes on from a block that was kept although the store went away before it could say so', async () => {
    const { store, vm } = await opened()
    const away = new Fault('unavailable', 'store-away', 'the database does not answer')
    let state: 'there' | 'dies at the commit' | 'away' = 'there'
    const mortal: Store = {
      ...store,
      collection: (declaration) => ({
        ...store.collection(declaration),
        get: (id) => (state === 'away' ? Promise.reject(away) : store.collection(declaration).get(id)),
      }),
      transaction: async (work) => {
        if (state === 'away') throw away
        const result = await store.transaction(work)
        if (state === 'there') return result
        state = 'away'
        throw away
      },
    }
    const again = await ledgerOn(mortal, vm)
    await again.submit(anchorTx(0, 0).raw)
    state = 'dies at the commit'
    await expect(again.sealNext()).rejects.toMatchObject({ code: 'store-away' })
    await expect(again.sealNext()).rejects.toMatchObject({ code: 'store-away' })
    state = 'there'
    expect(await again.sealNext()).toBeUndefined()
    expect([again.head().number, again.head().tx_hashes]).toEqual([1, [anchorTx(0, 0).hash]])
    await again.submit(anchorTx(1, 1).raw)
    expect((await again.sealNext())?.number).toBe(2)
  })

  test('mines a transaction that was kept although the store went away before it could say so', async () => {
    const { store, vm } = await opened()
    let lost = true
    let woken = 0
    const mortal: Store = {
      ...store,
      collection: (declaration) => ({
        ...store.collection(declaration),
        insert: async (doc) => {
          const kept = await store.collection(declaration).insert(doc)
          if (lost) throw new Fault('unavailable', 'store-away', 'the database does not answer')
          return kept
        },
      }),
    }
    const again = await ledgerOn(mortal, vm, { onAccepted: () => woken++ })
    await expect(again.submit(anchorTx(0, 0).raw)).rejects.toMatchObject({ code: 'store-away' })
    lost = false
    expect(woken).toBe(1)
    expect((await again.sealNext())?.tx_hashes).toEqual([anchorTx(0, 0).hash])
    expect(await again.submit(anchorTx(0, 0).raw)).toEqual({ tx_hash: anchorTx(0, 0).hash })
    expect(await again.sealNext()).toBeUndefined()
  })

  test('keeps and mines a transaction whose keeping failed when the store went away', async () => {
    const { store, vm } = await opened()
    let away = true
    const mortal: Store = {
      ...store,
      collection: (declaration) => ({
        ...store.collection(declaration),
        insert: async (doc) => {
          if (away) throw new Fault('unavailable', 'store-away', 'the database does not answer')
          return store.collection(declaration).insert(doc)
        },
      }),
    }
    const again = await ledgerOn(mortal, vm)
    await expect(again.submit(anchorTx(0, 0).raw)).rejects.toMatchObject({ code: 'store-away' })
    await expect(again.sealNext()).rejects.toMatchObject({ code: 'store-away' })
    away = false
    expect(await again.submit(anchorTx(0, 0).raw)).toEqual({ tx_hash: anchorTx(0, 0).hash })
    expect((await again.sealNext())?.tx_hashes).toEqual([anchorTx(0, 0).hash])
  })
})
