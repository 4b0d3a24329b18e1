import { describe, expect, test } from 'bun:test'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { sqliteStore } from '#common/store/sqlite'
import { appOfAll, ask, closedGuard, everyRouteRefusesStrangers, testParts } from '#common/testing/app'
import { anchorTx, CHAIN_ID, contextOf, REGISTRAR } from './fixture.ts'
import { machine } from './machine.ts'
import { routes } from './routes.ts'
import { nodeStore } from './store.ts'

const openRoutes = (store: ReturnType<typeof sqliteStore>) =>
  appOfAll((guard) => routes({ vm: machine(nodeStore(store)), parts: { ...testParts, guard } }))

const made = () => {
  const store = sqliteStore({ path: ':memory:' })
  return { store, app: openRoutes(store) }
}

const started = async () => {
  const { app, store } = made()
  const { body } = await ask(app, 'POST', '/genesis', { chain_id: CHAIN_ID, registrar: REGISTRAR })
  return { app, store, root: (body as { state_root: string }).state_root }
}

const block = (root: string, transactions: readonly string[]) => ({
  state_root: root,
  block: contextOf(1),
  transactions,
})

describe('the virtual machine over HTTP', () => {
  test('refuses strangers on every route of its own', async () => {
    const app = routes({
      vm: machine(nodeStore(sqliteStore({ path: ':memory:' }))),
      parts: { ...testParts, guard: closedGuard },
    })
    expect(await everyRouteRefusesStrangers(app)).toBe(7)
  })

  test('executes a block, and another process on the same store finds its state', async () => {
    const { app, store, root } = await started()
    const { status, body } = await ask(app, 'POST', '/blocks/execute', block(root, [anchorTx(0, 0).raw]))
    expect(status).toBe(200)
    const done = body as { state_root: string; receipts: { status: number }[] }
    expect(done.receipts[0]?.status).toBe(1)
    const again = openRoutes(store)
    expect(await ask(again, 'GET', `/states/${done.state_root}`)).toEqual({ status: 200, body: { known: true } })
    expect(await ask(again, 'GET', `/accounts/${REGISTRAR}?state_root=${done.state_root}`)).toMatchObject({
      status: 200,
      body: { nonce: 1 },
    })
    const slot = `/accounts/${ANCHORS_ADDRESS}/storage/${'00'.repeat(32)}?state_root=${done.state_root}`
    expect(await ask(again, 'GET', slot)).toEqual({ status: 200, body: { value: REGISTRAR.padStart(64, '0') } })
  })

  test('names the contract with its address and ABI', async () => {
    const { body } = await ask(made().app, 'GET', '/abi')
    const { contracts } = body as { contracts: { name: string; address: string; abi: { name?: string }[] }[] }
    expect(contracts.map(({ name, address }) => [name, address])).toEqual([['LucidAnchors', ANCHORS_ADDRESS]])
    expect(contracts[0]?.abi.some(({ name }) => name === 'registerSession')).toBe(true)
  })

  test('answers bad input with a problem document', async () => {
    const { app, root } = await started()
    const call = { chain_id: CHAIN_ID, state_root: root }
    const cases: readonly (readonly [string, string, unknown, number, string])[] = [
      ['POST', '/genesis', { chain_id: 0, registrar: REGISTRAR }, 400, 'bad-request'],
      ['POST', '/genesis', { chain_id: 1, registrar: `0x${REGISTRAR}` }, 400, 'bad-request'],
      ['POST', '/blocks/execute', block('zz'.repeat(32), []), 400, 'bad-request'],
      ['POST', '/blocks/execute', block('ee'.repeat(32), []), 404, 'unknown-state'],
      ['POST', '/blocks/execute', block(root, ['not hex']), 400, 'bad-request'],
      ['POST', '/blocks/execute', block(root, Array(101).fill('c0')), 400, 'bad-request'],
      ['POST', '/blocks/execute', { ...block(root, []), extra: 1 }, 400, 'bad-request'],
      ['POST', '/blocks/execute', block(root, Array(99).fill('00'.repeat(131_072))), 413, 'body-too-large'],
      ['POST', '/call', { ...call, gas: 10_000_001 }, 400, 'bad-request'],
      ['POST', '/call', { ...call, data: 'abc' }, 400, 'bad-request'],
      ['POST', '/call', { ...call, state_root: 'ee'.repeat(32) }, 404, 'unknown-state'],
      ['GET', `/accounts/${REGISTRAR}`, undefined, 400, 'bad-request'],
      ['GET', `/accounts/xyz?state_root=${root}`, undefined, 400, 'bad-request'],
      ['GET', `/accounts/${REGISTRAR}?state_root=${'ee'.repeat(32)}`, undefined, 404, 'unknown-state'],
      ['GET', '/states/1', undefined, 400, 'bad-request'],
    ]
    for (const [method, path, body, status, code] of cases)
      expect([method, path, await ask(app, method, path, body)]).toMatchObject([
        method,
        path,
        { status, body: { status, code } },
      ])
  })

  test('a client that leaves takes its call along', async () => {
    const { app, root } = await started()
    app.listen({ port: 0, hostname: '127.0.0.1' })
    const { url } = app.server as { readonly url: URL }
    const client = new AbortController()
    const endless = { to: `${'00'.repeat(19)}09`, data: `00970fe0${'00'.repeat(208)}01` } // 9.9 million rounds
    const reply = fetch(new URL('/call', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ chain_id: CHAIN_ID, state_root: root, ...endless }),
      signal: client.signal,
    })
    const calls = async () => ((await ask(app, 'GET', '/status')).body as { waiting: { calls: number } }).waiting.calls
    while ((await calls()) === 0) await Bun.sleep(5)
    client.abort()
    await expect(reply).rejects.toThrow()
    while ((await calls()) > 0) await Bun.sleep(5)
    const simple = { chain_id: CHAIN_ID, state_root: root, data: '00' }
    expect((await ask(app, 'POST', '/call', simple)).body).toMatchObject({ success: true })
    await app.stop(true)
  }, 120_000)

  test('a transaction nested without end is reported before a decoder is given it', async () => {
    const { app, root } = await started()
    const nested = [...Array(30_000).keys()].reduce<{ heads: string[]; length: number }>(
      ({ heads, length }) => {
        const size = length.toString(16)
        const bytes = size.padStart(size.length + (size.length % 2), '0')
        const head = length < 56 ? (0xc0 + length).toString(16) : (0xf7 + bytes.length / 2).toString(16) + bytes
        heads.push(head)
        return { heads, length: length + head.length / 2 }
      },
      { heads: [], length: 0 },
    )
    const raw = nested.heads.toReversed().join('')
    expect(raw.length / 2).toBeLessThan(131_072)
    for (const transaction of [raw, `02${raw}`, `02${'c0'.repeat(131_000)}`]) {
      const { body } = await ask(app, 'POST', '/blocks/execute', block(root, [transaction]))
      expect(body).toMatchObject({
        unexecutable: [{ index: 0, reason: expect.stringMatching(/nested deeper|holds more/) }],
      })
    }
  })

  test('a transaction that is no transaction is reported and stops nothing', async () => {
    const { app, root } = await started()
    const { body } = await ask(app, 'POST', '/blocks/execute', block(root, ['c0', anchorTx(0, 0).raw]))
    expect(body).toMatchObject({ unexecutable: [{ index: 0 }], receipts: [{ status: 1 }] })
  })
})
