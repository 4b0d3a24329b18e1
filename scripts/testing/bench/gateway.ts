import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import { deriveOwner, signTronMessage } from '#common/evidence/tron-message'
import { client, ok } from '#common/http/client'
import { findProgram } from '#common/process/program'
import { type RealServices, realServices } from '#common/testing/real-services'
import type { Api as Authentication } from '#services/authentication/routes'
import { CliError } from '../../cli/fail.ts'
import { inFolder, type Setting } from './folder.ts'
import { rssOf } from './memory.ts'
import { trendOf } from './memory-trend.ts'
import { figures, verdict, words } from './report.ts'
import { median } from './stats.ts'

/** What api-server answers by itself, and what it asks session-orchestrator and its store for. */
const reads = ['/api/v1/me', '/api/v1/sessions'] as const
const ways = ['api-server', 'api-gateway'] as const
const pipeline = ['session-encryptor', 'merkle-builder', 'session-orchestrator', 'authentication'] as const
/** Whose CPU is told: wrk has to have time left for the figures to be those of the others. */
const costs = [...ways, 'session-orchestrator', 'NGINX', 'wrk'] as const

/** One run of load: reads a second, quantiles of their times in ms, answers that were none, and CPU a read, µs. */
type Run = Of & Figures & { readonly cpu: Readonly<Record<string, number>> }
type Of = { readonly read: (typeof reads)[number]; readonly way: (typeof ways)[number] }
type Figures = Readonly<Record<'rate' | 'p50' | 'p99' | 'errors', number>>
/** `mib` is the resident memory of API, gateway and NGINX together, every `MEMORY_EVERY`. */
export type GatewayTimes = { readonly rate: number; readonly runs: readonly Run[]; readonly mib: readonly number[] }

const PEOPLE = 200
const MOST_ADDED = 1.25
const MEMORY_EVERY = 2_000

/**
 * What wrk runs: a token after the other, and its figures as JSON. Whichever of the people's connections is free sends
 * the next read when it is due, whatever became of those before: the rate is fixed as long as one is free.
 */
const script = (tokens: readonly string[], read: string, rate: number): string => `
local ffi = require('ffi')
ffi.cdef('typedef struct { long s, n; } instant; int clock_gettime(int, instant *);')
local tokens, at, due, now = { ${tokens.map((token) => `"${token}"`).join(', ')} }, 0, nil, ffi.new('instant')
delay = function()
  ffi.C.clock_gettime(1, now)
  local ms = tonumber(now.s) * 1e3 + tonumber(now.n) / 1e6
  due = (due or ms) + ${1000 / rate}
  return math.max(0, math.floor(due - ms + 0.5))
end
request = function()
  at = at % #tokens + 1
  return wrk.format("GET", "${read}", { Authorization = "Bearer " .. tokens[at] })
end
done = function(sum, latency)
  local e = sum.errors
  io.write(string.format('\\n{"count":%d,"rate":%f,"p50":%f,"p99":%f,"errors":%d}\\n', sum.requests,
    sum.requests * 1e6 / sum.duration, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end`

/** Signs somebody in as he would, with a key of his own. */
const signIn = async (all: RealServices, nth: number): Promise<string> => {
  const sign = all.as('operator')
  const { auth } = client<Authentication>(all.url('authentication'), { callee: 'authentication', sign })
  const key = new Uint8Array(32).fill(1)
  key.set([nth >> 8, nth & 255], 30)
  const address = deriveOwner(key)
  const { nonce, message } = await ok(auth.challenge.post({ address }))
  return (await ok(auth.verify.post({ address, nonce, signature: signTronMessage(message, key) }))).access_token
}

const childrenOf = (pid: number): readonly number[] => {
  const found = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  return [...found, ...found.flatMap(childrenOf)]
}

/** CPU that a process has had, µs: the kernel counts in hundredths of a second (proc(5)). */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)

/** One run of wrk at one of the services, and what it cost `pids`. */
const load = async (
  url: string,
  { lua, seconds, pids }: { lua: string; seconds: number; pids: Readonly<Record<string, readonly number[]>> },
): Promise<Omit<Run, keyof Of>> => {
  const readCpu = () => Object.entries(pids).map(([name, some]) => [name, sum(some.map(cpuOf))] as const)
  const before = new Map(readCpu())
  const argv = ['wrk', '-t', '1', '-c', `${PEOPLE}`, '-d', `${seconds}s`, '--timeout', '10s', '-s', lua, url]
  const wrk = Bun.spawn(argv, { stdout: 'pipe', stderr: 'inherit' })
  const last = (await new Response(wrk.stdout).text()).trim().split('\n').at(-1) ?? ''
  await wrk.exited
  const { count, ...found } = JSON.parse(last) as Figures & { readonly count: number }
  const after = [...readCpu(), ['wrk', Number(wrk.resourceUsage()?.cpuTime.total ?? 0)] as const]
  return {
    ...found,
    cpu: Object.fromEntries(after.map(([name, us]) => [name, (us - (before.get(name) ?? 0)) / count])),
  }
}

/**
 * Reads of 200 people at one rate from the API and through the gateway, in turn, `runs` times of `seconds`.
 * Throws CliError when wrk is not here.
 */
export const benchGateway = (
  { folder, say }: Setting,
  { runs, seconds, rate }: { readonly runs: number; readonly seconds: number; readonly rate: number },
): Promise<GatewayTimes> =>
  inFolder(folder, 'gateway-', async (home) => {
    if (findProgram('wrk', process.env['PATH']) === undefined)
      throw new CliError('wrk is not on this machine: apt-get install wrk')
    const all = realServices(join(home, 'data'), {
      'session-encryptor': { MASTER_KEY: '11'.repeat(32) },
      'session-orchestrator': { SIGNING_KEY: '44'.repeat(32) },
      authentication: { AUTH_KEY: '22'.repeat(32), SIGN_UP: 'open' },
      'api-gateway': { TLS_CA_KEY: '33'.repeat(32), ONION_PORT: '0', TLS_PORT: '0' },
    })
    try {
      for (const name of [...pipeline, ...ways]) await all.start(name)
      const own = Object.fromEntries([...pipeline, ...ways].map((name) => [name, [all.pid(name)]]))
      const pids = { ...own, NGINX: childrenOf(all.pid('api-gateway')) }
      const lua = join(home, 'read.lua')
      const [found, mib]: [Run[], number[]] = [[], []]
      const sample = () => mib.push(sum([...ways.map(all.pid), ...pids.NGINX].map(rssOf)))
      for (let run = 0; run <= runs; run++) {
        say(run === 0 ? 'warming up' : `run ${run} of ${runs}`)
        for (const read of reads) {
          const tokens: string[] = []
          for (let nth = 0; nth < PEOPLE; nth++) tokens.push(await signIn(all, nth))
          await Bun.write(lua, script(tokens, read, rate))
          for (const way of ways) {
            const sampling = setInterval(run === 0 ? () => {} : sample, MEMORY_EVERY)
            const one = await load(all.url(way), { lua, seconds: run === 0 ? 5 : seconds, pids })
            clearInterval(sampling)
            if (run > 0) found.push({ read, way, ...one })
          }
        }
      }
      return { rate, runs: found, mib }
    } finally {
      await all.stop()
    }
  })

/** The tables of `bench gateway`. */
export const gatewayReport = ({ rate, runs, mib }: GatewayTimes, style: Style): Text => {
  const of = ({ read, way }: Of) => runs.filter((one) => one.read === read && one.way === way)
  const row = ({ read, way }: Of) => {
    const middle = (value: (run: Run) => number, digits: number) => median(of({ read, way }).map(value)).toFixed(digits)
    const errors = sum(of({ read, way }).map((one) => one.errors))
    const reached = middle((one) => one.rate, 0)
    return [
      ...[read, way, verdict(reached, Number(reached) >= 0.99 * rate)],
      ...[middle(({ p50 }) => p50, 2), middle(({ p99 }) => p99, 2), verdict(`${errors}`, errors === 0)],
      ...costs.map((name) => middle(({ cpu }) => cpu[name] ?? 0, 0)),
    ]
  }
  const added = (read: Of['read']) => {
    const direct = of({ read, way: 'api-server' })
    const ratio = median(of({ read, way: 'api-gateway' }).map(({ p99 }, nth) => p99 / (direct[nth]?.p99 ?? p99)))
    return [`p99 of ${read} at most ${MOST_ADDED} times`, verdict(ratio.toFixed(2), ratio <= MOST_ADDED)]
  }
  const { middle, last, verdict: trend } = trendOf(mib, MEMORY_EVERY)
  const memory = verdict(`${middle.toFixed(0)} → ${last.toFixed(0)} MiB, ${trend}`, trend === 'flat')
  const columns = [
    ...[...words('read', 'from'), ...figures(`reads/s of ${rate}`, 'p50 ms', 'p99 ms', 'errors')],
    ...figures(...costs.map((name) => `${name} CPU µs`)),
  ]
  const rows = reads.flatMap((read) => ways.map((way) => row({ read, way })))
  const goals = [...reads.map(added), ['memory of API, gateway and NGINX', memory]]
  return text([table(columns, rows, style), table(words('goal', 'found'), goals, style)], style)
}
