import { bytes } from '#common/cli/format'
import { confined, limited, networked, type Pair, published, type Rule, steady } from './container-rules.ts'
import type { ExpectedContainer } from './expected.ts'
import type { PlatformStatus } from './inspect-platform.ts'
import { fail, makeJudged, notRun, pass, type Row } from './row.ts'

/** Above this share of its limit a container is about to be ended by the kernel. */
const FULL = 0.9

type Check = {
  readonly check: string
  readonly rule: Rule
  readonly figure: (pair: Pair) => string
  /** What is wrong beside the rule, from the status of the host. */
  readonly more?: (pair: Pair, status: PlatformStatus) => readonly string[]
  /** Whether it makes sense for a container that is run once and ends. */
  readonly ended: 'too' | 'not'
}

const showUsage = ({ is }: Pair): string => {
  const { memoryUsed, memoryLimit, pidsUsed, pidsLimit, cpus } = is
  if (memoryUsed === undefined) return `${bytes(memoryLimit)}, ${cpus} cores`
  const share = Math.round((100 * memoryUsed) / memoryLimit)
  return `${bytes(memoryUsed)} of ${bytes(memoryLimit)} (${share} %), ${pidsUsed ?? 'unknown'} of ${pidsLimit} processes, ${cpus} cores`
}

const findOverfull = ({ is: { memoryUsed = 0, memoryLimit } }: Pair): readonly string[] =>
  memoryLimit > 0 && memoryUsed > FULL * memoryLimit ? [`it uses ${bytes(memoryUsed)} of ${bytes(memoryLimit)}`] : []

const findOpenPorts = ({ expected }: Pair, { listening }: PlatformStatus): readonly string[] => {
  const ports = Object.values(expected.ports).map(Number)
  const open = listening.filter(({ port, loopback }) => ports.includes(port) && !loopback)
  return [...new Set(open.map(({ port }) => port))].map((port) => `the host listens on port ${port} for everybody`)
}

/** What `docker inspect` and the host say of a container, a row each. */
const checks: readonly Check[] = [
  {
    check: 'runs as released',
    rule: steady,
    figure: ({ is }) => (is.status === 'exited' ? 'ended with 0' : `${is.status}, 0 restarts`),
    ended: 'too',
  },
  {
    check: 'confined',
    rule: confined,
    figure: ({ is }) => `user ${is.user}, read-only root, no capability, no new privileges`,
    ended: 'too',
  },
  { check: 'within its limits', rule: limited, figure: showUsage, more: findOverfull, ended: 'too' },
  {
    check: 'published on loopback only',
    rule: published,
    figure: ({ expected }) => Object.values(expected.ports).join(', ') || 'no port',
    more: findOpenPorts,
    ended: 'not',
  },
  {
    check: 'on its networks only',
    rule: networked,
    figure: ({ is }) => Object.keys(is.networks).join(', '),
    ended: 'not',
  },
]

const makeProbedRow = ({ container, service, proof }: ExpectedContainer, { probed }: PlatformStatus): readonly Row[] =>
  proof.kind !== 'healthy'
    ? []
    : [
        probed.has(container)
          ? pass('healthy from inside', service, 'its own health check, run now')
          : fail('healthy from inside', service, 'its own health check failed'),
      ]

/** All that can be said of one container without asking it anything. */
export const containerRows = (expected: ExpectedContainer, status: PlatformStatus): readonly Row[] => {
  const is = status.containers.get(expected.container)
  if (is === undefined)
    return [fail('runs as released', expected.service, `there is no container ${expected.container}`)]
  const pair = { is, expected }
  return [
    ...checks
      .filter(({ ended }) => ended === 'too' || expected.proof.kind !== 'ends')
      .map(({ check, rule, figure, more = () => [] }) =>
        makeJudged(check, expected.service, { wrong: [...rule(pair), ...more(pair, status)], figure: figure(pair) }),
      ),
    ...makeProbedRow(expected, status),
  ]
}

/** Networks of the release: nobody is on them who is not of the release. */
export const networkRows = (
  networks: readonly string[],
  expected: readonly ExpectedContainer[],
  { members }: PlatformStatus,
): readonly Row[] => {
  const known = new Set(expected.map(({ container }) => container))
  return networks.map((name) => {
    const on = members[name]
    if (on === undefined) return notRun('nobody else on the network', name, 'the engine did not answer')
    return makeJudged('nobody else on the network', name, {
      wrong: on.filter((container) => !known.has(container)).map((container) => `${container} is on it`),
      figure: `${on.length} containers`,
    })
  })
}
