import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { hostileRequests, MODEXP } from '#common/testing/hostile-requests'
import { type RealChain, realChain } from './real-chain.fixture.ts'

/** What one request may cost a service, kB. */
const BUDGET = 20_000

let all: RealChain
beforeAll(async () => {
  all = await realChain()
}, 120_000)
afterAll(() => all.stop())

const post = async (body: string): Promise<string> => {
  const reply = await fetch(all.url, { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  return reply.text()
}

/** Most that a process has held since it was last asked, kB. */
const peakOf = async (pid: number): Promise<number> => {
  const [, kB] = /VmHWM:\s+(\d+)/.exec(await Bun.file(`/proc/${pid}/status`).text()) ?? []
  await Bun.write(`/proc/${pid}/clear_refs`, '5')
  return Number(kB)
}

/** What a request costs at least: what the collector happens to leave lying about is not the request's. */
const costOf = async (body: string): Promise<number> => {
  const pid = all.services.pid('blockchain-api')
  const costs: number[] = []
  // The first of each kind also pays for code that is compiled and a heap that grows once.
  for (let n = 0; n < 5; n++) {
    await peakOf(pid)
    const before = await peakOf(pid)
    await post(body)
    costs.push((await peakOf(pid)) - before)
  }
  return Math.min(...costs.slice(1))
}

describe.skipIf(process.platform !== 'linux')('an anonymous request', () => {
  test.each(hostileRequests)(
    'of %s costs the public service at most 20 MB',
    async (_what, body) => {
      expect(await costOf(body)).toBeLessThan(BUDGET)
    },
    120_000,
  )
})

test('MODEXP of a long exponent is not computed: its price is beyond the gas, at once', async () => {
  const answers = JSON.parse(
    await post(
      JSON.stringify([0, 1].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_call', params: [MODEXP, 'latest'] }))),
    ),
  )
  expect(answers.map(({ result }: { result: unknown }) => result)).toEqual(['0x', '0x'])
})
