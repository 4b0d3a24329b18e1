import { describe, expect, test } from 'bun:test'
import { client } from '#common/http/client'
import { silentLog } from '#common/process/log'
import { closedGuard, openGuard } from '#common/testing/app'
import type { Api as LedgerApi } from '#services/blockchain-ledger/routes'
import type { Api as IndexApi } from '#services/blockchain-sessions-data/routes'
import type { Api as VmApi } from '#services/blockchain-vm/routes'
import { rpcHandler } from './rpc-handler.ts'
import { CLIENT_UNITS, REQUEST_UNITS } from './spending.ts'

const sign = async () => 'token'

/** A ledger and a machine that answer what a call needs; what the machine was asked is kept. */
const upstreams = (gas_used: number) => {
  const head = { number: 1, hash: 'ee'.repeat(32), timestamp: 1 }
  const block = { ...head, base_fee: '7', state_root: 'ee'.repeat(32) }
  const asked: { readonly urgent?: boolean }[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/chain') return Response.json({ chain_id: 1, forks: [], head })
      if (pathname === '/blocks/latest') return Response.json(block)
      asked.push((await request.json()) as { urgent?: boolean })
      return Response.json({ success: true, data: '', gas_used })
    },
  })
  const url = server.url.origin
  const clients = {
    ledger: client<LedgerApi>(url, { callee: 'blockchain-ledger', sign }),
    vm: client<VmApi>(url, { callee: 'blockchain-vm', sign }),
    index: client<IndexApi>(url, { callee: 'blockchain-sessions-data', sign }),
  }
  return { clients, asked, stop: () => server.stop(true) }
}

const batch = (count: number, method = 'web3_clientVersion', params: readonly unknown[] = []) =>
  Array.from({ length: count }, (_, id) => ({ jsonrpc: '2.0', id, method, params }))

type Answer = { readonly result?: unknown; readonly error?: { readonly code: number; readonly message: string } }

const opened = ({ guard = closedGuard, gas = 21_000 } = {}) => {
  const up = upstreams(gas)
  let time = 0
  const handle = rpcHandler({ clients: up.clients, parts: { guard, log: silentLog }, version: '1', now: () => time })
  const post = async (body: unknown, headers: Record<string, string> = {}): Promise<readonly Answer[]> => {
    const reply = await handle(
      new Request('http://localhost/rpc', {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    )
    return (await reply.json()) as readonly Answer[]
  }
  const passMinutes = (count: number) => {
    time += count * 60_000
  }
  return { ...up, post, passMinutes }
}

const answered = (answers: readonly Answer[]) => answers.filter(({ error }) => error === undefined).length

describe('what calls cost', () => {
  test('each call of a batch counts for the client that the gateway names, and comes back with time', async () => {
    const { post, passMinutes, stop } = opened()
    const from = (client: string) => post(batch(1000), { 'x-client': client })
    for (let n = 0; n < CLIENT_UNITS.size / 1000; n++) expect(answered(await from('10.0.0.1'))).toBe(1000)
    const refused = await from('10.0.0.1')
    expect(answered(refused)).toBe(0)
    expect(refused[0]?.error).toMatchObject({ code: -32005, message: expect.stringContaining('too many calls') })
    expect(answered(await from('10.0.0.2'))).toBe(1000)
    passMinutes(0.25)
    expect(answered(await from('10.0.0.1'))).toBe(CLIENT_UNITS.perMinute / 4)
    stop()
  })

  test('nothing counts for a service with a token, nor for who does not come through the gateway', async () => {
    const { post, stop } = opened({ guard: openGuard })
    const headers = { 'x-client': '10.0.0.1', authorization: 'Bearer x' }
    for (let n = 0; n < 8; n++) expect(answered(await post(batch(1000), headers))).toBe(1000)
    for (let n = 0; n < 8; n++) expect(answered(await post(batch(1000)))).toBe(1000)
    stop()
  })

  test('a token that proves nothing buys nothing', async () => {
    const { post, stop } = opened()
    const headers = { 'x-client': '10.0.0.1', authorization: 'Bearer x' }
    for (let n = 0; n < CLIENT_UNITS.size / 1000; n++) await post(batch(1000), headers)
    expect(answered(await post(batch(1), headers))).toBe(0)
    stop()
  })

  const call = ['eth_call', [{ data: '0x00' }, 'latest']] as const

  test('calls of a service are urgent at the virtual machine, those of strangers are not', async () => {
    const { post, asked, stop } = opened({ guard: openGuard })
    await post(batch(1, ...call), { authorization: 'Bearer x', 'x-client': '10.0.0.1' })
    await post(batch(1, ...call))
    expect(asked.map(({ urgent }) => urgent)).toEqual([true, undefined])
    stop()
  })

  test('gas counts: of a batch of long calls the first are run and the rest are refused', async () => {
    const { post, asked, stop } = opened({ gas: 10_000_000 })
    const answers = await post(batch(1000, ...call))
    expect(answered(answers)).toBeLessThan(30)
    expect(asked.length).toBe(answered(answers))
    expect(answers.at(-1)?.error).toMatchObject({ code: -32005, message: expect.stringContaining('costs too much') })
    stop()
  })

  test('a batch of a thousand usual calls of contracts is run to its end', async () => {
    const { post, stop } = opened({ gas: 40_000 })
    expect(answered(await post(batch(1000, ...call)))).toBe(1000)
    expect(REQUEST_UNITS).toBeLessThanOrEqual(CLIENT_UNITS.size)
    stop()
  })
})
