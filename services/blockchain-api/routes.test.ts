import { describe, expect, test } from 'bun:test'
import { client } from '#common/http/client'
import { ask, closedGuard, everyRouteRefusesStrangers, guardAs, testParts } from '#common/testing/app'
import type { Api as LedgerApi } from '#services/blockchain-ledger/routes'
import type { Api as IndexApi } from '#services/blockchain-sessions-data/routes'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { publicRoutes, routes } from './routes.ts'

/** Nothing listens on port 1: all that these tests reach must be decided here, or be told as unreachable. */
const nowhere = 'http://127.0.0.1:1'
const sign = async () => 'token'
const clients = {
  ledger: client<LedgerApi>(nowhere, { callee: 'blockchain-ledger', sign }),
  vm: client<VmApi>(nowhere, { callee: 'blockchain-vm', sign }),
  index: client<IndexApi>(nowhere, { callee: 'blockchain-sessions-data', sign }),
}
const app = routes({ clients, parts: testParts })

const rpc = (method: string, ...params: readonly unknown[]) =>
  ask(app, 'POST', '/rpc', { jsonrpc: '2.0', id: 1, method, params })

describe('bad input by REST', () => {
  const paths = [
    '/anchors/x',
    '/anchors/0B0E7A52-2A4E-4F4B-9D3A-3F6F1E6A7B01',
    '/anchors?limit=0',
    '/anchors?owner=0x11',
    '/anchors?what=1',
    '/blocks/-1',
    '/blocks/01',
    '/blocks/0x1',
    '/blocks/earliest',
    '/blocks?limit=101',
    '/blocks?from=-1',
    '/transactions/12',
    `/transactions/0x${'00'.repeat(32)}`,
    '/receipts/zz',
    '/receipts/zz/proof',
  ]
  test.each(paths)('GET %s is a 400 problem', async (path) => {
    expect(await ask(app, 'GET', path)).toMatchObject({ status: 400, body: { code: 'bad-request' } })
  })

  test('with the ledger away is a 503 problem that names it', async () => {
    expect(await ask(app, 'GET', '/chain')).toMatchObject({
      status: 503,
      body: { code: 'unreachable', dependency: 'blockchain-ledger' },
    })
  })
})

describe('bad input by JSON-RPC', () => {
  const hash = `0x${'00'.repeat(32)}`
  const address = `0x${'00'.repeat(20)}`
  const wrong: readonly [string, readonly unknown[]][] = [
    ['eth_chainId', [1]],
    ['eth_getBlockByNumber', []],
    ['eth_getBlockByNumber', ['0x01', false]],
    ['eth_getBlockByNumber', ['newest', false]],
    ['eth_getBlockByNumber', [1, false]],
    ['eth_getBlockByNumber', [['latest'], false]],
    ['eth_getBalance', [address, { blockNumber: ['latest'] }]],
    ['eth_getBlockByNumber', [{ number: '0x1' }, false]],
    ['eth_getBlockByHash', ['0x12', false]],
    ['eth_getTransactionByHash', [hash, 1]],
    ['eth_getTransactionByHash', [hash.slice(2)]],
    ['eth_getTransactionReceipt', [null]],
    ['eth_getBalance', ['0x12', 'latest']],
    ['eth_getTransactionCount', ['0xzz', 'pending']],
    ['eth_getStorageAt', [address, 'x']],
    ['eth_getLogs', [[]]],
    ['eth_getLogs', [{ topics: 'x' }]],
    ['eth_getLogs', [{ blockHash: hash, fromBlock: '0x0' }]],
    ['eth_call', [5]],
    ['eth_call', [{ to: address, surprise: 1 }]],
    ['eth_call', [{ to: address, data: '0x01', input: '0x02' }]],
    ['eth_call', [{ to: address }, 'latest', {}]],
    ['eth_estimateGas', [{ to: '0x1' }]],
    ['eth_feeHistory', ['0x1', 'latest', [50, 10]]],
    ['eth_feeHistory', ['0x1', 'latest', [101]]],
    ['eth_sendRawTransaction', ['0xabc']],
    ['eth_sendRawTransaction', []],
    ['eth_getLogs', [{ address: Array.from({ length: 1001 }, () => address) }]],
  ]
  test.each(wrong)('%s with %j is -32602', async (method, params) => {
    expect(await rpc(method, ...params)).toMatchObject({ status: 200, body: { error: { code: -32602 } } })
  })

  test.each(['eth_mine', 'constructor', '__proto__', 'debug_traceCall', ''])('%p is -32601', async (method) => {
    expect(await rpc(method)).toMatchObject({ body: { error: { code: -32601 } } })
  })

  test('a body that is no JSON is -32700, one over the limit a 413 problem', async () => {
    const post = (body: string) =>
      app.handle(
        new Request('http://localhost/rpc', {
          method: 'POST',
          body,
          headers: { 'content-type': 'application/json', 'content-length': String(body.length) },
        }),
      )
    expect(await (await post('{')).json()).toMatchObject({ id: null, error: { code: -32700 } })
    const large = await post(`"${'x'.repeat(1024 * 1024)}"`)
    expect(large.status).toBe(413)
    expect(await large.json()).toMatchObject({ code: 'body-too-large' })
  })

  test('a raw transaction above what the ledger takes is refused here, however it is nested', async () => {
    const raw = `0x02${'c0'.repeat(131_072)}`
    expect(await rpc('eth_sendRawTransaction', raw)).toMatchObject({
      body: { error: { code: -32000, message: expect.stringContaining('oversized data') } },
    })
  })

  test('with the ledger away is -32002', async () => {
    expect(await rpc('eth_chainId')).toMatchObject({ body: { error: { code: -32002, data: { code: 'unreachable' } } } })
  })

  test('a notification gets 204 and no body', async () => {
    expect(await ask(app, 'POST', '/rpc', { jsonrpc: '2.0', method: 'web3_clientVersion' })).toEqual({
      status: 204,
      body: undefined,
    })
  })

  test('a transaction of a service that has none to send is refused, be it listed as a caller', async () => {
    const body = { jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: ['0x02'] }
    const codeFor = async (caller: string) => {
      const said = await ask(routes({ clients, parts: { ...testParts, guard: guardAs(caller) } }), 'POST', '/rpc', body)
      return (said.body as { error: { data?: { code?: string } } }).error.data?.code
    }
    expect(await codeFor('api-gateway')).toBe('caller-not-allowed')
    for (const sender of ['on-system-chain-client', 'operator']) expect(await codeFor(sender)).toBe('unreachable')
  })

  test('a transaction of a stranger is refused before it is passed on', async () => {
    const closed = routes({ clients, parts: { ...testParts, guard: closedGuard } })
    const body = { jsonrpc: '2.0', id: 1, method: 'eth_sendRawTransaction', params: ['0x02'] }
    expect(await ask(closed, 'POST', '/rpc', body)).toMatchObject({
      status: 200,
      body: { error: { code: -32003, data: { code: 'bad-service-token' } } },
    })
  })
})

test('every route but those for reading refuses strangers', async () => {
  const closed = routes({ clients, parts: { ...testParts, guard: closedGuard } })
  await everyRouteRefusesStrangers(closed, publicRoutes)
  const listed = closed.routes.map(({ method, path }) => `${method} ${path}`)
  expect(publicRoutes.filter((route) => !listed.includes(route))).toEqual([])
  expect(await ask(closed, 'GET', '/chain')).toMatchObject({ status: 503 })
})
