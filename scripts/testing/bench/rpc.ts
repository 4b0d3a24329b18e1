import { join } from 'node:path'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { hostileRequests } from '#common/testing/hostile-requests'
import { type RealServices, realServices } from '#common/testing/real-services'
import { inFolder, type Setting } from './folder.ts'
import { figures, verdict, words } from './report.ts'
import { median } from './stats.ts'

/** One hostile request of POST /rpc: how long it was answered, and how long others waited for the service meanwhile, ms. */
export type RpcTime = { readonly what: string; readonly ms: number; readonly delayMs: number }

const services = ['blockchain-vm', 'blockchain-ledger', 'blockchain-sessions-data', 'blockchain-api'] as const
/** Longest that a request may hold up others, ms. */
const BUDGET = 50
const PAUSE = 2

/** Longest answer of /health while `work` runs, ms: it does nothing but wait for its turn. */
const measureDelay = async (url: string, work: () => Promise<unknown>): Promise<number> => {
  let [worst, isDone] = [0, false]
  const ask = async () => {
    while (!isDone) {
      const began = performance.now()
      await (await fetch(`${url}/health?deep=false`)).text()
      worst = Math.max(worst, performance.now() - began)
      await Bun.sleep(PAUSE)
    }
  }
  const asking = ask()
  await work()
  isDone = true
  await asking
  return worst
}

const measure = async (all: RealServices, body: string): Promise<Omit<RpcTime, 'what'>> => {
  const url = all.url('blockchain-api')
  const began = performance.now()
  const delayMs = await measureDelay(url, async () => {
    const headers = { 'content-type': 'application/json' }
    await (await fetch(`${url}/rpc`, { method: 'POST', body, headers })).text()
  })
  return { ms: performance.now() - began, delayMs }
}

/** Sends each request of the list `runs` times, after once for code that is not compiled yet; medians. */
export const benchRpc = ({ folder, say }: Setting, runs: number): Promise<readonly RpcTime[]> =>
  inFolder(folder, 'rpc-', async (home) => {
    const all = realServices(join(home, 'data'), {
      'blockchain-ledger': { LEDGER_KEY: '22'.repeat(32), REGISTRAR_ADDRESS: '11'.repeat(20) },
    })
    try {
      for (const name of services) await all.start(name)
      const times: RpcTime[] = []
      for (const [what, body] of hostileRequests) {
        say(what)
        await measure(all, body)
        const measured: Omit<RpcTime, 'what'>[] = []
        for (let run = 0; run < runs; run++) measured.push(await measure(all, body))
        times.push({
          what,
          ms: median(measured.map(({ ms }) => ms)),
          delayMs: median(measured.map(({ delayMs }) => delayMs)),
        })
      }
      return times
    } finally {
      await all.stop()
    }
  })

/** The table of `bench rpc`. */
export const rpcReport = (times: readonly RpcTime[], style: Style): Text =>
  text(
    [
      table(
        [...words('request'), ...figures('answered', 'others waited')],
        times.map(({ what, ms, delayMs }) => [
          what,
          `${ms.toFixed(0)} ms`,
          verdict(`${delayMs.toFixed(0)} ms`, delayMs <= BUDGET),
        ]),
        style,
      ),
      { text: `A chain without transactions; the figure to reach is ${BUDGET} ms on a quiet machine.`, colour: 'dim' },
    ],
    style,
  )
