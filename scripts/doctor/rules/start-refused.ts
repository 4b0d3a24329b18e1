import type { Container } from '#common/host/facts/container'
import type { Facts } from '../facts.ts'
import { onHost, type RepairLine, recover } from '../finding.ts'
import { isAltered } from './rule.ts'
import { chooseRepair, DEPLOY, explainAltered, type Form, isLooping, showEnd } from './start-form.ts'

/** Forms of a container that the engine does not run: paused, refused, or never started. */

const readPort = (error: string): number | undefined => {
  const found = /(?:Bind for|listen tcp4?) \S*?:(\d+)/.exec(error)?.[1] ?? /:(\d+):? bind:/.exec(error)?.[1]
  return found === undefined ? undefined : Number(found)
}

const findHolder = (
  facts: Facts,
  port: number,
  mine: Container,
): { readonly who: string; readonly repair: RepairLine } => {
  const other = facts.containers.find(
    ({ name, published, status }) =>
      name !== mine.name && status === 'running' && published.some(({ host }) => host === port),
  )
  if (other !== undefined) return { who: `container ${other.name}`, repair: onHost(`docker stop ${other.name}`) }
  const listener = facts.host.diagnosis.listeners.find((one) => one.port === port)
  if (listener !== undefined && listener.pid > 0)
    return { who: `${listener.who} (process ${listener.pid})`, repair: onHost(`sudo kill ${listener.pid}`) }
  // Only root sees who it is.
  return {
    who: 'a program of the host',
    repair: onHost(`sudo kill $(sudo ss -ltnpH 'sport = :${port}' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p')`),
  }
}

export const refusedForms: readonly Form[] = [
  {
    kind: 'paused',
    of: ({ container }) =>
      container.status === 'paused'
        ? {
            what: 'is paused',
            evidence: 'State.Status paused',
            cause: 'somebody froze it with docker pause',
            repair: [onHost(`docker unpause ${container.name}`)],
          }
        : undefined,
  },
  {
    kind: 'port-taken',
    of: ({ expected, container }, facts) => {
      const port = /address already in use|port is already allocated/.test(container.error)
        ? readPort(container.error)
        : undefined
      if (port === undefined || container.status === 'running') return undefined
      const { who, repair } = findHolder(facts, port, container)
      return {
        what: `cannot have port ${port}`,
        evidence: container.error,
        cause: `${who} has port ${port} of the host`,
        repair: [repair, recover('service', expected.name)],
      }
    },
  },
  {
    kind: 'wrong-platform',
    of: (one, facts) => {
      const has = facts.images[one.expected.image]
      const { engine } = facts.host
      const wants = engine.is === 'up' ? engine.platform : ''
      const said = /exec format error/.test([one.container.error, ...(facts.logs[one.container.name] ?? [])].join('\n'))
      if (!said && (has === undefined || wants === '' || has === wants)) return undefined
      if (one.container.status === 'running' && !isLooping(one, facts)) return undefined
      return {
        what: 'has an image for another processor',
        evidence: said ? showEnd(facts, one.container) : `${one.expected.image} is ${has}, the host ${wants}`,
        cause: `${explainAltered(one)}the image was built for ${has ?? 'another platform'}`,
        repair: isAltered(one) ? [recover('service', one.expected.name)] : [DEPLOY],
      }
    },
  },
  {
    kind: 'no-program',
    of: (one, facts) =>
      /executable file not found|no such file or directory.*unknown|exec: "|stat \/\S+: no such file/.test(
        one.container.error,
      ) ||
      ((one.container.status !== 'running' || isLooping(one, facts)) && [126, 127].includes(one.container.exitCode))
        ? {
            what: 'has nothing to run',
            evidence: one.container.error || showEnd(facts, one.container),
            cause: `${explainAltered(one)}the program that it should start is not in its image`,
            repair: chooseRepair(facts, one),
          }
        : undefined,
  },
  {
    kind: 'engine-refuses',
    of: (one) =>
      one.container.error !== '' && one.container.status !== 'running'
        ? {
            what: 'is refused by the engine',
            evidence: one.container.error,
            cause: `${explainAltered(one)}the engine cannot give it what it asks for`,
          }
        : undefined,
  },
  {
    kind: 'never-started',
    of: (one) =>
      one.container.status === 'created'
        ? {
            what: 'was made and never started',
            evidence: 'State.Status created',
            cause: 'whoever made it was interrupted',
          }
        : undefined,
  },
]
