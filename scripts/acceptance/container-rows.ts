import { bytes } from '#common/cli/format'
import { confined, limited, networked, type Pair, published, type Rule, steady } from './container-rules.ts'
import type { LookedAt } from './looked-at.ts'
import type { Promised } from './promised.ts'
import { fail, judged, notRun, pass, type Row } from './row.ts'

/** Above this share of its limit a container is about to be ended by the kernel. */
const FULL = 0.9

type Check = {
  readonly check: string
  readonly rule: Rule
  readonly figure: (pair: Pair, at: LookedAt) => string
  /** What is wrong beside the rule, from what was seen of the host. */
  readonly more?: (pair: Pair, at: LookedAt) => readonly string[]
  /** Whether it makes sense for a container that is run once and ends. */
  readonly ended: 'too' | 'not'
}

const networkNames = ({ is }: Pair): string => Object.keys(is.networks ?? {}).join(', ')

const usage = ({ is, promised }: Pair, { usage: all }: LookedAt): string => {
  const used = all.get(promised.container)
  if (used === undefined) return `${bytes(is.host.Memory)}, ${is.host.NanoCpus / 1e9} cores`
  const share = Math.round((100 * used.memory) / is.host.Memory)
  return `${bytes(used.memory)} of ${bytes(is.host.Memory)} (${share} %), ${used.pids} of ${is.host.PidsLimit} processes, ${is.host.NanoCpus / 1e9} cores`
}

const overfull = ({ is, promised }: Pair, { usage: all }: LookedAt): readonly string[] => {
  const used = all.get(promised.container)
  return used !== undefined && is.host.Memory > 0 && used.memory > FULL * is.host.Memory
    ? [`it uses ${bytes(used.memory)} of ${bytes(is.host.Memory)}`]
    : []
}

const openToAll = ({ promised }: Pair, { listening }: LookedAt): readonly string[] => {
  const ports = Object.values(promised.ports).map(Number)
  return [
    ...new Set(
      listening.filter(({ port, loopback }) => ports.includes(port) && !loopback).map(({ port }) => port),
    ),
  ].map((port) => `the host listens on port ${port} for everybody`)
}

/** What `docker inspect` and the host say of a container, a row each. */
const checks: readonly Check[] = [
  {
    check: 'runs as released',
    rule: steady,
    figure: ({ is }) => (is.state.Status === 'exited' ? 'ended with 0' : `${is.state.Status}, 0 restarts`),
    ended: 'too',
  },
  {
    check: 'confined',
    rule: confined,
    figure: ({ is }) => `user ${is.user}, read-only root, no capability, no new privileges`,
    ended: 'too',
  },
  { check: 'within its limits', rule: limited, figure: usage, more: overfull, ended: 'too' },
  {
    check: 'published on loopback only',
    rule: published,
    figure: ({ promised }) => Object.values(promised.ports).join(', ') || 'no port',
    more: openToAll,
    ended: 'not',
  },
  { check: 'on its networks only', rule: networked, figure: networkNames, ended: 'not' },
]

const probedRow = ({ container, service, proof }: Promised, { probed }: LookedAt): readonly Row[] =>
  proof.kind !== 'healthy'
    ? []
    : [
        probed.has(container)
          ? pass('healthy from inside', service, 'its own health check, run now')
          : fail('healthy from inside', service, 'its own health check failed'),
      ]

/** All that can be said of one container without asking it anything. */
export const containerRows = (promised: Promised, at: LookedAt): readonly Row[] => {
  const is = at.inspected.get(promised.container)
  if (is === undefined)
    return [fail('runs as released', promised.service, `there is no container ${promised.container}`)]
  const pair = { is, promised }
  return [
    ...checks
      .filter(({ ended }) => ended === 'too' || promised.proof.kind !== 'ends')
      .map(({ check, rule, figure, more = () => [] }) =>
        judged(check, promised.service, {
          wrong: [...rule(pair), ...more(pair, at)],
          figure: figure(pair, at),
        }),
      ),
    ...probedRow(promised, at),
  ]
}

/** Networks of the release: nobody is on them who is not of the release. */
export const networkRows = (
  networks: readonly string[],
  promised: readonly Promised[],
  { members }: LookedAt,
): readonly Row[] => {
  const known = new Set(promised.map(({ container }) => container))
  return networks.map((name) => {
    const on = members[name]
    if (on === undefined) return notRun('nobody else on the network', name, 'the engine did not answer')
    return judged('nobody else on the network', name, {
      wrong: on.filter((container) => !known.has(container)).map((container) => `${container} is on it`),
      figure: `${on.length} containers`,
    })
  })
}
