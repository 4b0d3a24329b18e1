import { describe, expect, test } from 'bun:test'
import { appOfAll, ask, closedGuard, everyRouteRefusesStrangers, testParts } from '#common/testing/app'
import { anchorTx, CHAIN_ID, REGISTRAR, STRANGER, STRANGER_KEY, signed } from '#services/blockchain-vm/fixture'
import { forks, ledgerOn, localVm, memoryStore } from './fixture.ts'
import { routes } from './routes.ts'

const opened = async () => {
  const store = memoryStore()
  const ledger = await ledgerOn(store, localVm().vm)
  return { store, ledger, app: appOfAll((guard) => routes({ ledger, store, parts: { ...testParts, guard } })) }
}

describe('the ledger over HTTP', () => {
  test('refuses strangers on every route of its own', async () => {
    const { ledger, store } = await opened()
    const app = routes({ ledger, store, parts: { ...testParts, guard: closedGuard } })
    expect(await everyRouteRefusesStrangers(app)).toBe(8)
  })

  test('takes a transaction with 202 and shows it, its block, its receipt and its proof', async () => {
    const { app, ledger } = await opened()
    const { raw, hash } = anchorTx(0, 0)
    expect(await ask(app, 'POST', '/transactions', { raw })).toEqual({ status: 202, body: { tx_hash: hash } })
    expect((await ask(app, 'GET', `/nonces/${REGISTRAR}`)).body).toEqual({ next: 1 })
    const block = await ledger.sealNext()
    const shown = await ask(app, 'GET', '/blocks/1')
    expect(shown).toMatchObject({
      status: 200,
      body: { hash: block?.id, tx_hashes: [hash], sealer: { public_key: ledger.sealerKey } },
    })
    expect(await ask(app, 'GET', `/blocks/${block?.id}`)).toEqual(shown)
    expect(await ask(app, 'GET', '/blocks/latest')).toEqual(shown)
    expect((await ask(app, 'GET', `/transactions/${hash}`)).body).toEqual({
      tx_hash: hash,
      raw,
      state: 'mined',
      block_number: 1,
      tx_index: 0,
    })
    const receipt = await ask(app, 'GET', `/receipts/${hash}`)
    expect(receipt).toMatchObject({ status: 200, body: { tx_hash: hash, status: 1, block_number: 1 } })
    expect((await ask(app, 'GET', '/blocks?from=1&limit=1')).body).toEqual({
      blocks: [{ ...(shown.body as object), receipts: [receipt.body] }],
      head: { number: 1, hash: block?.id, timestamp: block?.timestamp },
    })
    expect((await ask(app, 'GET', `/receipts/${hash}/proof`)).body).toMatchObject({ block_number: 1, tx_index: 0 })
    expect((await ask(app, 'GET', '/chain')).body).toEqual({
      chain_id: CHAIN_ID,
      genesis_hash: ledger.meta.genesis_hash,
      sealer_public_key: ledger.sealerKey,
      earlier_sealers: [],
      head: { number: 1, hash: block?.id, timestamp: block?.timestamp },
      registrar: REGISTRAR,
      forks,
    })
  })

  test('shows why a transaction failed in the EVM', async () => {
    const { app, ledger } = await opened()
    await ledger.submit(anchorTx(0, 0).raw)
    await ledger.submit(anchorTx(1, 0).raw)
    await ledger.sealNext()
    const { body } = await ask(app, 'GET', `/receipts/${anchorTx(1, 0).hash}`)
    expect(body).toMatchObject({ status: 0, error: 'revert', logs: [] })
  })

  test('counts what waits in /status', async () => {
    const { app, ledger } = await opened()
    await ledger.submit(anchorTx(0, 0).raw)
    expect((await ask(app, 'GET', '/status')).body).toMatchObject({ pending: 1, head: { number: 0 } })
  })

  test('answers bad input with a problem document', async () => {
    const { app, ledger } = await opened()
    await ledger.submit(anchorTx(0, 0).raw)
    await ledger.sealNext()
    const unknown = 'ab'.repeat(32)
    const cases: readonly (readonly [string, string, unknown, number, string])[] = [
      ['POST', '/transactions', { raw: 'no hex' }, 400, 'bad-request'],
      ['POST', '/transactions', { raw: `0x${anchorTx(1, 1).raw}` }, 400, 'bad-request'],
      ['POST', '/transactions', { raw: '00'.repeat(131_073) }, 400, 'bad-request'],
      ['POST', '/transactions', { raw: '00'.repeat(1_000_000) }, 413, 'body-too-large'],
      ['POST', '/transactions', { raw: anchorTx(1, 1).raw, more: 1 }, 400, 'bad-request'],
      ['POST', '/transactions', {}, 400, 'bad-request'],
      ['POST', '/transactions', { raw: '' }, 400, 'transaction-malformed'],
      ['POST', '/transactions', { raw: 'c0' }, 400, 'transaction-malformed'],
      ['POST', '/transactions', { raw: anchorTx(1, 1, { chainId: 1 }).raw }, 400, 'wrong-chain'],
      ['POST', '/transactions', { raw: signed(0, { key: STRANGER_KEY }).raw }, 400, 'insufficient-funds'],
      ['POST', '/transactions', { raw: anchorTx(0, 1).raw }, 409, 'nonce-too-low'],
      ['POST', '/transactions', { raw: anchorTx(1, 1, { gas: 22_000n }).raw }, 400, 'gas-too-low'],
      ['GET', '/blocks/7', undefined, 404, 'not-on-chain'],
      ['GET', `/blocks/${unknown}`, undefined, 404, 'not-on-chain'],
      ['GET', '/blocks/newest', undefined, 400, 'bad-request'],
      ['GET', '/blocks/-1', undefined, 400, 'bad-request'],
      ['GET', '/blocks?from=-1', undefined, 400, 'bad-request'],
      ['GET', '/blocks?limit=101', undefined, 400, 'bad-request'],
      ['GET', `/transactions/${unknown}`, undefined, 404, 'not-on-chain'],
      ['GET', '/transactions/xyz', undefined, 400, 'bad-request'],
      ['GET', `/receipts/${unknown}`, undefined, 404, 'not-on-chain'],
      ['GET', `/receipts/${unknown}/proof`, undefined, 404, 'not-on-chain'],
      ['GET', '/nonces/12', undefined, 400, 'bad-request'],
    ]
    for (const [method, path, body, status, code] of cases) {
      const reply = await ask(app, method, path, body)
      expect({ method, path, status: reply.status, code: (reply.body as { code?: string }).code }).toEqual({
        method,
        path,
        status,
        code,
      })
    }
    expect((await ask(app, 'GET', `/nonces/${STRANGER}`)).body).toEqual({ next: 0 })
  })
})
