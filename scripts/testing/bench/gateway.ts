import { join } from 'node:path'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { findProgram } from '#common/process/program'
import { type RealServices, realServices } from '#common/testing/real-services'
import { CliError } from '../../cli/fail.ts'
import { inFolder, type Setting } from './folder.ts'
import { pssOf } from './memory.ts'
import { figures, verdict, words } from './report.ts'
import { median } from './stats.ts'

/** One run of load: reads a second, quantiles of their times in ms, answers that were none, memory of the gateway in MiB. */
type Run = {
  readonly rate: number
  readonly p50: number
  readonly p99: number
  readonly errors: number
  readonly mib: number
}
export type GatewayTimes = { readonly direct: readonly Run[]; readonly gateway: readonly Run[] }

const PEOPLE = 200
/** Reads a second, at most: each of as many connections as people waits that long between two. */
const GOAL = 2_000
const PAUSE = (PEOPLE * 1000) / GOAL
const MOST_ADDED = 1.25
const READ = '/api/v1/me'

/** What wrk runs: a token after the other, the same pause before each request, and its figures as JSON. */
const script = (tokens: readonly string[]): string => `
local tokens = { ${tokens.map((token) => `"${token}"`).join(', ')} }
local at = 0
delay = function() return ${PAUSE} end
request = function()
  at = at % #tokens + 1
  return wrk.format("GET", "${READ}", { Authorization = "Bearer " .. tokens[at] })
end
done = function(sum, latency)
  local e = sum.errors
  io.write(string.format('\\n{"rate":%f,"p50":%f,"p99":%f,"errors":%d}\\n', sum.requests * 1e6 / sum.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end`

/** Signs somebody in as he would, with a key of his own. */
const signIn = async (url: string, nth: number): Promise<string> => {
  const key = new Uint8Array(32).fill(1)
  key.set([nth >> 8, nth & 255], 30)
  const address = deriveOwner(key)
  const post = async (path: string, body: object): Promise<Record<string, string>> => {
    const reply = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!reply.ok) throw new Error(`${path} was answered with ${reply.status}: ${await reply.text()}`)
    return (await reply.json()) as Record<string, string>
  }
  const { nonce = '', message = '' } = await post('/auth/challenge', { address })
  const signature = signTronMessage(message, key)
  return (await post('/auth/verify', { address, nonce, signature }))['access_token'] ?? ''
}

/** The gateway and its NGINX, MiB. */
const memory = async (all: RealServices): Promise<number> => {
  const own = all.pid('api-gateway')
  const children = async (pid: number): Promise<readonly number[]> => {
    const found = await Bun.file(`/proc/${pid}/task/${pid}/children`).text()
    const pids = found.split(' ').filter(Boolean).map(Number)
    return [...pids, ...(await Promise.all(pids.map(children))).flat()]
  }
  return [own, ...(await children(own))].map(pssOf).reduce((sum, one) => sum + one, 0)
}

/**
 * Reads of 200 people at the same rate from the API and through the gateway, in turn, `runs` times of `seconds`.
 * Throws CliError when wrk is not here.
 */
export const benchGateway = (
  { folder, say }: Setting,
  { runs, seconds }: { readonly runs: number; readonly seconds: number },
): Promise<GatewayTimes> =>
  inFolder(folder, 'gateway-', async (home) => {
    if (findProgram('wrk', process.env['PATH']) === undefined)
      throw new CliError('wrk is not on this machine: apt-get install wrk')
    const all = realServices(join(home, 'data'), {
      authentication: { AUTH_KEY: '22'.repeat(32), SIGN_UP: 'open' },
      'api-gateway': { TLS_CA_KEY: '33'.repeat(32), ONION_PORT: '0', TLS_PORT: '0' },
    })
    try {
      for (const name of ['authentication', 'api-server', 'api-gateway'] as const) await all.start(name)
      const tokens: string[] = []
      for (let nth = 0; nth < PEOPLE; nth++) tokens.push(await signIn(all.url('authentication'), nth))
      const lua = join(home, 'read.lua')
      await Bun.write(lua, script(tokens))
      const measure = async (name: 'api-server' | 'api-gateway', length: number): Promise<Run> => {
        const words = ['-t', '1', '-c', PEOPLE, '-d', `${length}s`, '--timeout', '10s', '-s', lua, all.url(name)]
        const wrk = Bun.spawn(['wrk', ...words.map(String)], { stdout: 'pipe', stderr: 'inherit' })
        const figures = (await new Response(wrk.stdout).text()).trim().split('\n').at(-1) ?? ''
        return { ...(JSON.parse(figures) as Omit<Run, 'mib'>), mib: await memory(all) }
      }
      const times = { direct: [] as Run[], gateway: [] as Run[] }
      for (const name of ['api-server', 'api-gateway'] as const) await measure(name, 3)
      for (let run = 1; run <= runs; run++) {
        say(`run ${run} of ${runs}`)
        times.direct.push(await measure('api-server', seconds))
        times.gateway.push(await measure('api-gateway', seconds))
      }
      return times
    } finally {
      await all.stop()
    }
  })

/** The table of `bench gateway`. */
export const gatewayReport = ({ direct, gateway }: GatewayTimes, style: Style): Text => {
  const added = median(gateway.map(({ p99 }, run) => p99 / (direct[run]?.p99 ?? p99)))
  const row = (name: string, runs: readonly Run[]) => {
    const errors = runs.reduce((sum, one) => sum + one.errors, 0)
    const of = (key: 'rate' | 'p50' | 'p99', digits: number) => median(runs.map((one) => one[key])).toFixed(digits)
    return [name, of('rate', 0), of('p50', 2), of('p99', 2), verdict(`${errors}`, errors === 0)]
  }
  return text(
    [
      table(
        [...words(`GET ${READ}`), ...figures('reads/s', 'p50 ms', 'p99 ms', 'errors')],
        [row('api-server directly', direct), row('through the gateway', gateway)],
        style,
      ),
      table(
        [...words('goal', 'found')],
        [
          [`p99 at most ${MOST_ADDED} times`, verdict(added.toFixed(2), added <= MOST_ADDED)],
          ['memory of the gateway, MiB', gateway.map(({ mib }) => mib.toFixed(0)).join(' → ')],
        ],
        style,
      ),
    ],
    style,
  )
}
