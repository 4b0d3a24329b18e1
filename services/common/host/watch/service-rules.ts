import { bytes, duration } from '../../cli/format.ts'
import { KILLED } from '../exit-codes.ts'
import { type Condition, type Container, isUnchecked, judgeContainer } from '../facts/container.ts'
import { bad, ok, unknown, type Verdict, warn } from '../finding.ts'
import { limits } from './limits.ts'
import { logs, lookInside, startAgain, word } from './remedies.ts'
import type { ServiceView } from './service-view.ts'

type ServiceRule = { readonly about: string; readonly judge: (view: ServiceView) => Verdict | undefined }

const explainEnd = ({ exitCode, oomKilled, memoryLimit, error }: Container): string => {
  const want = `for want of memory (its limit is ${bytes(memoryLimit)})`
  if (oomKilled) return `killed ${want}`
  // The engine misses some of the kernel's kills: its word for that may come after the end of the process.
  if (exitCode === KILLED && memoryLimit > 0) return `killed, ${want} or by hand`
  return error === '' ? `exit code ${exitCode}` : error
}

const ago = (at: number | undefined, now: number): string =>
  at === undefined || at > now ? '' : `, ${duration(now - at)} ago`

const missing = (view: ServiceView): Verdict | undefined => {
  const { expected, facts, container, http } = view
  if (facts === undefined || expected === undefined || container !== undefined) return undefined
  if (http?.state === 'healthy') return undefined
  if (facts.engine.is === 'up' && facts.allContainers) {
    if (expected.shows === 'once')
      return warn('its container is gone: that it did its work cannot be seen', startAgain(view))
    return bad('there is no container of it', startAgain(view))
  }
  return http === undefined ? unknown('the engine did not tell of it', 'see the line of engine:docker') : undefined
}

const runOnce = (view: ServiceView): Verdict | undefined => {
  const { expected, container, now } = view
  if (expected?.shows !== 'once' || container === undefined) return undefined
  const { status, startedAt = now } = container
  if (judgeContainer(container, { runsOnce: true }) === 'done') return ok()
  if (status !== 'running') return bad(`it did not end well: ${explainEnd(container)}`, logs(view))
  return now - startedAt > limits.runOnce.warn
    ? warn(`it should have ended and has been running for ${duration(now - startedAt)}`, logs(view))
    : ok('at work')
}

/** What there is to say of a container by its condition alone. */
const conditions: Partial<Readonly<Record<Condition, (container: Container, view: ServiceView) => Verdict>>> = {
  restarting: (container, view) => {
    const times = `${container.restarts} time${container.restarts === 1 ? '' : 's'} so far`
    return bad(`it is restarted again and again, ${times}: ${explainEnd(container)}`, logs(view))
  },
  paused: ({ name }) => bad('it is paused', `docker unpause ${word(name, 'CONTAINER')}`),
  created: ({ error }, view) => bad(`it was never started${error === '' ? '' : `: ${error}`}`, startAgain(view)),
  ended: (container, view) =>
    bad(`it does not run: ${explainEnd(container)}${ago(container.finishedAt, view.now)}`, logs(view)),
}

const notRunning = (view: ServiceView): Verdict | undefined =>
  view.container && conditions[judgeContainer(view.container)]?.(view.container, view)

/** A network that was taken from it, or deleted under it: nobody reaches it there, whatever it says of itself. */
const offNetwork = (view: ServiceView): Verdict | undefined => {
  const { container, expected } = view
  if (container?.status !== 'running' || container.networkMode === '') return undefined
  const lost = (expected?.networks ?? []).filter((name) => container.networks[name] === undefined)
  return lost.length === 0
    ? undefined
    : bad(`it is not on ${lost.join(' and ')}`, lost.map((name) => `bun run recover network ${name}`).join('; '))
}

/** tor-proxy says in /health how far tor is; these two mean that nobody reaches the platform. */
const torParts: Readonly<Record<string, { readonly says: string; readonly remedy: string }>> = {
  bootstrap: {
    says: 'tor has not joined its network',
    remedy: "check the host's clock (date -u) and its way out, then docker logs --tail 50 tor-proxy",
  },
  onion: {
    says: 'no directory has taken the descriptor of the onion, so nobody finds it',
    remedy: 'give it five minutes after a start, then docker restart tor-proxy',
  },
}

const tor = ({ service, http, facts }: ServiceView): Verdict | undefined => {
  if (service !== 'tor-proxy' || http?.failing === undefined) return undefined
  const part = Object.keys(torParts).find((name) => http.failing?.[name] !== undefined)
  const known = part === undefined ? undefined : torParts[part]
  if (part !== undefined && known) return bad(`${known.says}: ${http.failing[part]}`, known.remedy)
  return facts !== undefined && http.failing['network'] !== undefined
    ? warn(
        `tor stays offline, nobody reaches the platform: ${http.failing['network']}`,
        'set TOR_NETWORK=on in .env.core',
      )
    : undefined
}

const starting = ({ container, http }: ServiceView): Verdict | undefined =>
  container !== undefined && isUnchecked(judgeContainer(container)) && http?.state !== 'healthy'
    ? warn('it is starting', 'look again in a minute')
    : undefined

/** What a service says of a chain that was put back to older data; a restart would change nothing. */
const decisions = ['history', 'chain-keeps-anchors'] as const

const chain = ({ http }: ServiceView): Verdict | undefined => {
  const says = decisions.map((name) => http?.failing?.[name]).find((text) => text !== undefined)
  return http?.state === 'degraded' && says !== undefined ? bad(says, 'bun run recover chain') : undefined
}

const http = (view: ServiceView): Verdict | undefined => {
  const { state, detail } = view.http ?? { state: 'healthy', detail: '' }
  if (state === 'healthy' || state === 'absent') return undefined
  const own = state === 'degraded' || state === 'unhealthy'
  return bad(own ? `${state}: ${detail}` : detail, lookInside(view))
}

const unhealthy = (view: ServiceView): Verdict | undefined => {
  const { container } = view
  if (container === undefined || judgeContainer(container) !== 'unhealthy') return undefined
  const says = container.healthOutput === '' ? '' : `: ${container.healthOutput}`
  const answers = view.http === undefined ? '' : 'it answers here, but '
  return bad(`${answers}the engine's health check fails${says}`, logs(view))
}

/** In the order of causes: the first that speaks is the one line about the service. */
export const serviceRules: readonly ServiceRule[] = [
  { about: 'what runs once has ended with 0', judge: runOnce },
  { about: 'its container is there', judge: missing },
  { about: 'its container runs', judge: notRunning },
  { about: 'its container is on its networks', judge: offNetwork },
  { about: 'tor is in its network and the onion is published', judge: tor },
  { about: 'it has finished starting', judge: starting },
  { about: 'the chain holds what it once held', judge: chain },
  { about: 'it answers /health as healthy', judge: http },
  { about: "the engine's own health check passes", judge: unhealthy },
]

/** The verdict on one service; well when no rule has anything to say. */
export const judgeService = (view: ServiceView): Verdict => {
  for (const { judge } of serviceRules) {
    const verdict = judge(view)
    if (verdict !== undefined) return verdict
  }
  return ok(view.http?.detail)
}
