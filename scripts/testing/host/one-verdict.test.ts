import { describe, expect, test } from 'bun:test'
import { type Container, parseContainer } from '#common/host/facts/container'
import { makeContainer } from '#common/host/facts/container.fixture'
import type { Expected } from '#common/host/watch/expected'
import { judgeAll } from '#common/host/watch/rules'
import { steady } from '../../acceptance/container-rules.ts'
import { findFaults } from '../../doctor/diagnose.ts'
import { facts, NOW, service } from '../../doctor/facts.fixture.ts'
import type { Member } from '../../release/content/release.ts'
import { preflightInput } from '../../release/host/preflight.fixture.ts'
import { preflight } from '../../release/host/preflight.ts'
import { addState, findDifference, HEALTHY_SOON, judge, watch } from '../../release/run/gate-rules.ts'

/**
 * Everybody who judges a host reads its containers in one place, so that all of them say the same of one: a container that a
 * backup paused was once sick to some and well to others.
 */

/** As an engine tells of a container: read by the one reading, with all else as a release makes it. */
const tell = (engine: Readonly<Record<string, unknown>>): Container => {
  const read = parseContainer(
    JSON.stringify({
      id: 'a'.repeat(64),
      name: '/alpha',
      project: 'lucid-core',
      service: 'alpha',
      status: 'running',
      exitCode: 0,
      restarts: 0,
      memory: 2 ** 25,
      image: 'lucid:one',
      startedAt: new Date(NOW - 5_000).toISOString(),
      ...engine,
    }),
    new Map(),
  )
  if (read === undefined) throw new Error('no container')
  const { id, name, project, status, health, healthOutput, exitCode, oomKilled, error, startedAt = NOW } = read
  return makeContainer('alpha', {
    ...{ id, name, project, status, health, healthOutput, exitCode, oomKilled, error, startedAt },
    restarts: read.restarts,
    image: 'lucid:one',
    memoryLimit: 2 ** 25,
    memoryUsed: 2 ** 20,
    networks: { lucid_chain_net: { id: 'n1', names: [], address: '', gateway: '' } },
    published: [{ ip: '127.0.0.1', host: 8080, target: 80 }],
  })
}

/** What kind of container the release says that it is. */
type Kind = { readonly checked: boolean; readonly runsOnce: boolean }

const proofOf = ({ checked, runsOnce }: Kind): Member['proof'] => {
  if (runsOnce) return { kind: 'ends' }
  return checked ? { kind: 'healthy', command: ['check'] } : { kind: 'runs' }
}

const memberOf = (kind: Kind): Member => ({
  service: 'alpha',
  container: 'alpha',
  image: 'lucid:one',
  proof: proofOf(kind),
  memory: 2 ** 25,
  ports: [8080],
  volumes: [],
})

/** Whether each of them calls it sick. */
const verdicts: Readonly<Record<string, (container: Container, kind: Kind) => boolean>> = {
  watch: (container, { runsOnce }) => {
    const { host } = facts([], [container])
    const expected: Expected = {
      service: 'alpha',
      stack: 'core',
      container: 'alpha',
      shows: runsOnce ? 'once' : 'engine',
      networks: [],
      volumes: [],
    }
    const found = judgeAll({ services: [], expected: [expected], facts: host, counts: new Map(), now: NOW })
    return found.find(({ subject }) => subject === 'alpha')?.state === 'bad'
  },
  doctor: (container, { runsOnce, checked }) =>
    findFaults(facts([service('alpha', { once: runsOnce, probed: checked })], [container])).some(
      ({ subject }) => subject === 'alpha',
    ),
  acceptance: (container, kind) =>
    steady({
      is: container,
      expected: {
        ...{ service: 'alpha', container: 'alpha', image: 'lucid:one', proof: proofOf(kind), ours: true },
        ...{ user: '', memory: 0, cpus: 0, pids: 0, logs: {}, networks: [], ports: {} },
      },
    }).length > 0,
  gate: (container, kind) => {
    const well = { ...container, status: 'running', health: kind.checked ? 'healthy' : 'none' } as const
    const before = kind.runsOnce
      ? watch(memberOf(kind), 0)
      : addState(watch(memberOf(kind), 0), well, { now: 0, probed: false })
    const seen = addState(before, container, { now: 120_000, probed: false })
    return judge(seen, { now: 120_000, limitMs: 60_000 }).kind === 'failed'
  },
  release: (container, kind) => findDifference(memberOf(kind), container, HEALTHY_SOON) !== undefined,
}

const kinds = {
  checked: { checked: true, runsOnce: false },
  unchecked: { checked: false, runsOnce: false },
  once: { checked: false, runsOnce: true },
} as const satisfies Readonly<Record<string, Kind>>

const health = (status: string, streak: number) => ({ health: { status, streak, log: [], codes: [] } })

describe('watch, doctor, acceptance, gate and release say the same of a container that is', () => {
  test.each([
    ['healthy', 'checked', health('healthy', 0), 'well'],
    ['starting', 'checked', health('starting', 0), 'well'],
    ['unhealthy with no check that failed, since a backup paused it', 'checked', health('unhealthy', 0), 'well'],
    ['unhealthy', 'checked', health('unhealthy', 3), 'sick'],
    ['paused', 'checked', { status: 'paused', ...health('unhealthy', 0) }, 'sick'],
    ['restarting', 'checked', { status: 'restarting', exitCode: 3, restarts: 7 }, 'sick'],
    ['ended with 0', 'checked', { status: 'exited' }, 'sick'],
    ['ended with 1', 'checked', { status: 'exited', exitCode: 1 }, 'sick'],
    ['out of memory', 'checked', { status: 'exited', exitCode: 137, oomKilled: true }, 'sick'],
    ['without a health check', 'unchecked', { health: null }, 'well'],
    ['run once and ended with 0', 'once', { status: 'exited' }, 'well'],
    ['run once and ended with 1', 'once', { status: 'exited', exitCode: 1 }, 'sick'],
  ] as const)('%s', (_, kind, engine, expected) => {
    const container = tell(engine)
    const said = Object.entries(verdicts).map(([name, isSick]) => [
      name,
      isSick(container, kinds[kind]) ? 'sick' : 'well',
    ])
    expect(Object.fromEntries(said)).toEqual(Object.fromEntries(Object.keys(verdicts).map((name) => [name, expected])))
    // However it is, its port is ours, and nothing that keeps a deploy from being made.
    expect(preflight(preflightInput({ containers: [container] })).flatMap(({ findings }) => findings)).toEqual([])
  })
})
