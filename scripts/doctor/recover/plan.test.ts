import { describe, expect, test } from 'bun:test'
import type { Container } from '#common/host/facts/container'
import type { ExpectedService } from '../../release/expected/service.ts'
import { container, facts, service } from '../facts.fixture.ts'
import { formatPlan } from './perform.ts'
import { planNetwork, planOwners, planSecrets, planService, planStack, planVolume, type Site } from './plan.ts'

const DATA = { name: 'lucid_sessions_data', target: '/data' }
const mongo = service('mongo', { container: 'lucid_mongo', stack: 'core' })
const merkle = service('merkle-builder', { volumes: [DATA] })

const site = (
  services: readonly ExpectedService[],
  containers?: readonly Container[],
  more: Parameters<typeof facts>[2] = {},
): Site => {
  const inspected = facts(services, containers, more)
  if (inspected.expected === undefined) throw new Error('the fixture has a release')
  return {
    facts: inspected,
    expected: inspected.expected,
    release: 'r-1',
    probes: ['lucid:one'],
    stacks: ['core', 'sessions'],
  }
}

const UP = 'docker compose --file /mnt/myssd/Lucid/releases/r-1/compose'
const FLAGS = 'up --detach --no-deps --no-build --pull never --force-recreate'

describe('a plan for a service', () => {
  test('makes it again with the file of its release, and waits for it', () => {
    const core = container('lucid_mongo', { project: 'lucid-core' })
    expect(planService(site([mongo, merkle], [core]), 'mongo')).toEqual([
      { say: 'make mongo again, as r-1 has it', script: `set -e\n${UP}.core.yaml ${FLAGS} mongo`, until: [mongo] },
    ])
  })

  test('removes a container of its name that somebody else made, which Compose would not', () => {
    const stranger = container('merkle-builder', { project: '' })
    const [step] = planService(site([merkle], [stranger]), 'merkle-builder')
    expect(step?.script).toBe(`set -e\ndocker rm --force merkle-builder\n${UP}.sessions.yaml ${FLAGS} merkle-builder`)
  })

  test('that is not in the release is refused with those that are', () => {
    expect(() => planService(site([mongo, merkle]), 'merkel')).toThrow(
      'no service "merkel" in this release; there are mongo, merkle-builder',
    )
  })
})

test('a plan for a stack leaves its tools and what was never started alone', () => {
  const recorder = service('session-recorder', { profiles: ['recording'] })
  const [step, ...more] = planStack(site([mongo, merkle, recorder], [container('merkle-builder')]), 'sessions')
  expect(more).toEqual([])
  expect(step?.until).toEqual([merkle])
  expect(() => planStack(site([merkle]), 'core')).toThrow('no stack "core"')
})

test('a plan for a network empties it, makes it, and makes its members again stack by stack', () => {
  const guest = container('guest', { project: '' })
  const all = [container('lucid_mongo', { project: 'lucid-core' }), container('merkle-builder'), guest]
  const steps = planNetwork(site([merkle, mongo], all), 'lucid_chain_net')
  expect(steps[0]?.script).toBe(
    [
      'docker network disconnect --force lucid_chain_net lucid_mongo || :',
      'docker network disconnect --force lucid_chain_net merkle-builder || :',
      'docker network disconnect --force lucid_chain_net guest || :',
      'docker network rm lucid_chain_net || exit 1',
      'docker network create --driver bridge --subnet 172.22.0.0/24 --label com.docker.compose.project=lucid-core --label com.docker.compose.network=lucid_chain_net lucid_chain_net >/dev/null',
    ].join('\n'),
  )
  expect(steps.slice(1).map(({ say }) => say)).toEqual([
    'make mongo again, as r-1 has it',
    'make merkle-builder again, as r-1 has it',
    'connect guest again, which is not of the release',
  ])
})

describe('a plan for a volume', () => {
  test('stops its users, and starts them when its owners are right', () => {
    const { before, after } = planVolume(site([merkle, mongo]), DATA.name, 'restored')
    expect(before.map(({ script }) => script)).toEqual(['docker stop merkle-builder >/dev/null 2>&1; :'])
    expect(after.map(({ say }) => say)).toEqual([
      'give lucid_sessions_data and all in it to 65532:65532',
      'make merkle-builder again, as r-1 has it',
    ])
  })

  test('makes an empty one only where there is none, and none is made by whoever uses it', () => {
    const there = planVolume(site([merkle]), DATA.name, 'empty')
    expect(there.before.map(({ script }) => script)).toEqual(['docker stop merkle-builder >/dev/null 2>&1; :'])
    const gone = site([merkle], undefined, { host: { readiness: { ...facts([]).host.readiness, volumes: [] } } })
    expect(planVolume(gone, DATA.name, 'empty').before.at(-1)?.script).toContain(
      // Of the first stack that uses it: api-server stands in core.
      'docker volume create --label com.docker.compose.project=lucid-sessions',
    )
    expect(() => planVolume(gone, DATA.name, 'adopted')).toThrow('--empty makes a new one')
    for (const plan of [() => planService(gone, 'merkle-builder'), () => planStack(gone, 'sessions')])
      expect(plan).toThrow('lucid_sessions_data is not there: bun run recover volume lucid_sessions_data')
    expect(() => planOwners(gone, DATA.name)).toThrow('bun run recover volume lucid_sessions_data brings it back')
  })

  test('of the database that is given up has those who used it forget which one they had', () => {
    const db = { name: 'lucid_core_mongo_data', target: '/data/db' }
    const store = service('mongo', { stack: 'core', volumes: [db] })
    const user = service('merkle-builder', { volumes: [DATA], needs: ['mongo'] })
    const forget = 'have merkle-builder take the database that is there now'
    const said = (how: 'empty' | 'adopted' | 'restored') =>
      planVolume(site([store, user]), db.name, how).after.map(({ say }) => say)
    for (const how of ['empty', 'adopted'] as const) expect(said(how)).toContain(forget)
    expect(said('restored')).not.toContain(forget)
  })

  test('of the database that comes from a backup stops those whose documents it has, and starts them again', () => {
    const db = { name: 'lucid_core_mongo_data', target: '/data/db' }
    const store = service('mongo', { stack: 'core', volumes: [db] })
    const user = service('merkle-builder', { volumes: [DATA], needs: ['mongo'] })
    const { before, after } = planVolume(site([store, user]), db.name, 'restored')
    expect(before.map(({ script }) => script)).toEqual(['docker stop mongo merkle-builder >/dev/null 2>&1; :'])
    expect(after.slice(1).map(({ say }) => say)).toEqual([
      'make mongo again, as r-1 has it',
      'make merkle-builder again, as r-1 has it',
    ])
  })

  test('for its owners starts again only users that are not well', () => {
    expect(planOwners(site([merkle]), DATA.name)).toHaveLength(1)
    const sick = site([merkle], [container('merkle-builder', { health: 'unhealthy' })])
    expect(planOwners(sick, DATA.name).map(({ until }) => until.map(({ name }) => name))).toEqual([
      [],
      ['merkle-builder'],
    ])
  })
})

test('a plan for secrets names files below the folder of Lucid alone', () => {
  const files = [
    { path: '/mnt/myssd/Lucid/secrets/a/KEY', secret: true },
    { path: '/etc/shadow', secret: false },
  ]
  const [step] = planSecrets(site([service('a', { files })]))
  expect(step?.script).toContain('"path":"/lucid/secrets/a/KEY","uid":65532,"secret":true')
  expect(step?.script).not.toContain('shadow')
})

test('a plan is printed with every line for the host', () => {
  expect(formatPlan(planStack(site([merkle]), 'sessions'))).toEqual([
    'make merkle-builder again, as r-1 has it',
    '    set -e',
    `    ${UP}.sessions.yaml ${FLAGS} merkle-builder`,
    '    wait until merkle-builder are well',
  ])
})
