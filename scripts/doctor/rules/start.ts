import { explainExit } from '#common/host/exit-codes'
import type { Container } from '../container.ts'
import type { Facts } from '../facts.ts'
import { here, type Mend, onHost, recover } from '../finding.ts'
import {
  type Found,
  fromBackup,
  type Held,
  held,
  isAltered,
  isFine,
  isSecret,
  lastWords,
  named,
  pairs,
  type Rule,
} from './rule.ts'

/** A container that does not start, or does not stay. */

const DEPLOY = here('bun run deploy:pi')

const platforms: Readonly<Record<string, string>> = {
  x86_64: 'linux/amd64',
  aarch64: 'linux/arm64',
  arm64: 'linux/arm64',
}

/** What puts a program right that ends or does not come up: its own release, or the one before. */
const mendOf = (facts: Facts, one: Held): readonly Mend[] =>
  !isAltered(one) && facts.wanted?.release !== undefined && facts.previous
    ? [here('bun run rollback')]
    : [recover('service', one.want.name)]

const why = (one: Held): string =>
  isAltered(one) ? 'the container was made by hand: it is not what the release says; ' : ''

const exitCause = (one: Held): string => `${why(one)}${explainExit(one.container.exitCode)}`

type Form = {
  readonly kind: string
  /** Looks at one container that is not well. The first form that fits is the one that is told. */
  readonly of: (one: Held, facts: Facts) => Omit<Found, 'subject'> | undefined
}

const evidence = (facts: Facts, container: Container): string =>
  lastWords(facts, container) || container.error || `State.ExitCode ${container.exitCode}`

const portOf = (error: string): number | undefined => {
  const found = /(?:Bind for|listen tcp4?) \S*?:(\d+)/.exec(error)?.[1] ?? /:(\d+):? bind:/.exec(error)?.[1]
  return found === undefined ? undefined : Number(found)
}

const holderOf = (
  facts: Facts,
  port: number,
  mine: Container,
): { readonly who: string; readonly mend: Mend } => {
  const other = facts.containers.find(
    ({ name, open, status }) =>
      name !== mine.name && status === 'running' && open.some(({ host }) => host === port),
  )
  if (other !== undefined)
    return { who: `container ${other.name}`, mend: onHost(`docker stop ${other.name}`) }
  const listener = facts.host.listeners.find((one) => one.port === port)
  if (listener !== undefined && listener.pid > 0)
    return { who: `${listener.who} (process ${listener.pid})`, mend: onHost(`sudo kill ${listener.pid}`) }
  // Only root sees who it is.
  return {
    who: 'a program of the host',
    mend: onHost(`sudo kill $(sudo ss -ltnpH 'sport = :${port}' | sed -n 's/.*pid=\\([0-9]*\\).*/\\1/p')`),
  }
}

/** It ends again and again, whether or not it runs at this moment. */
const loops = ({ container }: Held, facts: Facts): boolean =>
  container.status === 'restarting' || (container.restarts >= 3 && facts.host.now - container.startedAt < 60)

/** In this order: the more a form says, the earlier it is asked. */
const forms: readonly Form[] = [
  {
    kind: 'paused',
    of: ({ container }) =>
      container.status === 'paused'
        ? {
            what: 'is paused',
            evidence: 'State.Status paused',
            cause: 'somebody froze it with docker pause',
            mend: [onHost(`docker unpause ${container.name}`)],
          }
        : undefined,
  },
  {
    kind: 'port-taken',
    of: ({ want, container }, facts) => {
      const port = /address already in use|port is already allocated/.test(container.error)
        ? portOf(container.error)
        : undefined
      if (port === undefined || container.status === 'running') return undefined
      const { who, mend } = holderOf(facts, port, container)
      return {
        what: `cannot have port ${port}`,
        evidence: container.error,
        cause: `${who} has port ${port} of the host`,
        mend: [mend, recover('service', want.name)],
      }
    },
  },
  {
    kind: 'wrong-platform',
    of: (one, facts) => {
      const has = facts.images[one.want.image]
      const wants = platforms[facts.host.machine]
      const said = /exec format error/.test(
        [one.container.error, ...(facts.logs[one.container.name] ?? [])].join('\n'),
      )
      if (!said && (has === undefined || wants === undefined || has === wants)) return undefined
      if (one.container.status === 'running' && !loops(one, facts)) return undefined
      return {
        what: 'has an image for another processor',
        evidence: said ? evidence(facts, one.container) : `${one.want.image} is ${has}, the host ${wants}`,
        cause: `${why(one)}the image was built for ${has ?? 'another platform'}`,
        mend: isAltered(one) ? [recover('service', one.want.name)] : [DEPLOY],
      }
    },
  },
  {
    kind: 'no-program',
    of: (one, facts) =>
      /executable file not found|no such file or directory.*unknown|exec: "|stat \/\S+: no such file/.test(
        one.container.error,
      ) ||
      ((one.container.status !== 'running' || loops(one, facts)) &&
        [126, 127].includes(one.container.exitCode))
        ? {
            what: 'has nothing to run',
            evidence: one.container.error || evidence(facts, one.container),
            cause: `${why(one)}the program that it should start is not in its image`,
            mend: mendOf(facts, one),
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
            cause: `${why(one)}the engine cannot give it what it asks for`,
            mend: [recover('service', one.want.name)],
          }
        : undefined,
  },
  {
    kind: 'out-of-memory',
    of: (one, facts) =>
      one.container.outOfMemory || facts.outOfMemory.includes(one.container.name)
        ? {
            what: 'is ended by the kernel for want of memory',
            evidence: `State.OOMKilled ${one.container.outOfMemory}, limit ${Math.round(one.container.memory / 2 ** 20)} MiB, exit code ${one.container.exitCode}`,
            cause:
              one.container.memory !== one.want.memory
                ? `its limit was changed by hand: the release gives it ${Math.round(one.want.memory / 2 ** 20)} MiB`
                : `${why(one)}it takes more than its limit`,
            mend:
              one.container.memory !== one.want.memory
                ? [recover('service', one.want.name)]
                : mendOf(facts, one),
          }
        : undefined,
  },
  {
    kind: 'configuration',
    of: (one, facts) =>
      one.container.exitCode === 78 && (one.container.status !== 'running' || loops(one, facts))
        ? {
            what: 'refuses its configuration',
            evidence: evidence(facts, one.container),
            cause: exitCause(one),
            mend: mendOf(facts, one),
          }
        : undefined,
  },
  {
    kind: 'restart-loop',
    of: (one, facts) => {
      if (!loops(one, facts)) return undefined
      const { restarts } = one.container
      return {
        what: `ends again and again (${restarts} restarts)`,
        evidence: evidence(facts, one.container),
        cause: exitCause(one),
        mend: mendOf(facts, one),
      }
    },
  },
  {
    kind: 'never-started',
    of: (one) =>
      one.container.status === 'created'
        ? {
            what: 'was made and never started',
            evidence: 'State.Status created',
            cause: 'whoever made it was interrupted',
            mend: [recover('service', one.want.name)],
          }
        : undefined,
  },
  {
    kind: 'stopped',
    of: (one, facts) =>
      one.container.status === 'exited' && /^(?:unless-stopped|always)$/.test(one.container.restartPolicy)
        ? {
            what: 'is stopped',
            evidence: `State.Status exited, exit code ${one.container.exitCode}, restart ${one.container.restartPolicy}${lastWords(facts, one.container) && `; ${lastWords(facts, one.container)}`}`,
            cause: `somebody stopped it: the engine would have started it again after ${explainExit(one.container.exitCode)}`,
            mend: [recover('service', one.want.name)],
          }
        : undefined,
  },
  {
    kind: 'ended',
    of: (one, facts) =>
      ['exited', 'dead', 'removing'].includes(one.container.status)
        ? {
            what: `ended (${one.container.status})`,
            evidence: evidence(facts, one.container),
            cause: exitCause(one),
            mend: one.want.once ? [recover('service', one.want.name)] : mendOf(facts, one),
          }
        : undefined,
  },
  {
    kind: 'tor-not-joined',
    of: (one) =>
      /bootstrap/i.test(one.container.healthOutput) && one.container.health === 'unhealthy'
        ? {
            what: 'has not joined Tor',
            evidence: one.container.healthOutput.slice(0, 300),
            cause: 'tor finds no way into its network: no connection, a wrong clock, or a blocked port',
            mend: [recover('service', one.want.name)],
          }
        : undefined,
  },
  {
    kind: 'unhealthy',
    of: (one, facts) =>
      one.container.health === 'unhealthy'
        ? {
            what: 'runs and is not well',
            evidence: one.container.healthOutput.slice(0, 300) || lastWords(facts, one.container),
            cause: `${why(one)}its own health check fails`,
            mend: [recover('service', one.want.name)],
          }
        : undefined,
  },
  {
    kind: 'never-well',
    of: (one, facts) =>
      one.container.health === 'starting' && facts.host.now - one.container.startedAt > 120
        ? {
            what: 'has been starting for more than two minutes',
            evidence: one.container.healthOutput.slice(0, 300) || lastWords(facts, one.container),
            cause: `${why(one)}its own health check has not passed yet`,
            mend: [recover('service', one.want.name)],
          }
        : undefined,
  },
]

/** What is told of a container that is not well: the first form that fits. */
const formOf = (one: Held, facts: Facts): readonly [string, Found] | undefined => {
  for (const { kind, of } of forms) {
    const found = of(one, facts)
    if (found !== undefined) return [kind, { subject: one.want.name, ...found }]
  }
  return undefined
}

const formRule = (kind: string): Rule => ({
  kind,
  find: (facts) =>
    held(facts)
      .filter((one) => !isFine(one))
      .flatMap((one) => {
        const found = formOf(one, facts)
        return found !== undefined && found[0] === kind ? [found[1]] : []
      }),
})

export const startRules: readonly Rule[] = [
  {
    kind: 'no-image',
    find: (facts) =>
      Object.entries(facts.images)
        .filter(([, platform]) => platform === undefined)
        .map(([image]) => ({
          subject: image,
          what: `the image of ${named(facts, ({ image: its }) => its === image)} is not on the host`,
          evidence: `No such image: ${image}`,
          cause: 'it was removed, or never came whole; a container that runs from it could not be made again',
          mend: [DEPLOY],
        })),
  },
  {
    kind: 'no-file',
    find: (facts) =>
      Object.entries(facts.files).flatMap(([path, file]) => {
        if (file.kind === 'unknown' || file.kind === 'file') return []
        const secret = isSecret(facts, path)
        return [
          {
            subject: path,
            what: `${secret ? 'a secret' : 'a file'} of ${named(facts, ({ files }) => files.some((one) => one.path === path))} ${file.kind === 'missing' ? 'is not there' : 'is no file'}`,
            evidence:
              file.kind === 'missing'
                ? `ls: ${path}: No such file or directory`
                : `ls: ${path} is a ${file.kind}`,
            cause: secret
              ? 'it was removed; a new one is not the old one, so it comes from a backup where there is one'
              : 'it was removed from the host',
            mend: secret && facts.backups ? fromBackup(facts, path) : [DEPLOY],
          },
        ]
      }),
  },
  {
    kind: 'never-made',
    find: (facts) =>
      pairs(facts)
        .filter(({ container }) => container === undefined)
        .map(({ want }) => ({
          subject: want.name,
          what: 'has no container',
          evidence: `No such container: ${want.container}`,
          cause: 'it was removed, or a deployment did not get so far',
          mend: [recover('service', want.name)],
        })),
  },
  ...forms.map(({ kind }) => formRule(kind)),
]
