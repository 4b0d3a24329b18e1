import { describe, expect, test } from 'bun:test'
import type { Container } from '../facts/container.ts'
import type { Result } from '../probe.ts'
import type { Expected } from './expected.ts'
import { judgeAll, type Watched } from './rules.ts'
import { answer, container, HOUR, host, NOW, problems, well, wellHost } from './watch.fixture.ts'

/** One service whose container is so and which answers so. */
const one = (more: Partial<Container>, http: Result = answer('alpha')): Watched =>
  host({ containers: [container('alpha', more)] }, { services: [http] })

const db: Expected = {
  service: 'mongo',
  stack: 'core',
  container: 'lucid_mongo',
  shows: 'engine',
  networks: [],
  volumes: [],
}
const init: Expected = {
  service: 'mongo-init',
  stack: 'core',
  container: 'lucid_mongo_init',
  shows: 'once',
  networks: [],
  volumes: [],
}
const { facts: _, ...noHost } = well
const gone = answer('alpha', 'unreachable', { detail: 'nothing listens there' })

test('a service that runs and answers is well', () => {
  expect(problems(well)).toEqual([])
  expect(judgeAll(well)[0]).toEqual({ subject: 'alpha', state: 'ok', evidence: '', remedy: '' })
})

describe('a service is bad, with one line of cause and remedy,', () => {
  const cases: Readonly<Record<string, readonly [watched: Watched, line: string]>> = {
    'when its container is missing': [
      host({ containers: [] }, { services: [gone] }),
      'bad alpha: there is no container of it -> docker compose -f /srv/lucid/releases/r-1/compose.core.yaml up -d alpha',
    ],
    'when its container has ended': [
      one({ status: 'exited', exitCode: 14, finishedAt: NOW - 2 * HOUR }, gone),
      'bad alpha: it does not run: exit code 14, 2 h 0 min ago -> docker logs --tail 50 alpha',
    ],
    'when it was killed for want of memory': [
      one({ status: 'exited', exitCode: 137, oomKilled: true, finishedAt: NOW - 1000 }, gone),
      'bad alpha: it does not run: killed for want of memory (its limit is 100 MiB), 1.0 s ago -> docker logs --tail 50 alpha',
    ],
    'when it was killed and the engine does not know why': [
      one({ status: 'exited', exitCode: 137, finishedAt: NOW - 1000 }, gone),
      'bad alpha: it does not run: killed, for want of memory (its limit is 100 MiB) or by hand, 1.0 s ago -> docker logs --tail 50 alpha',
    ],
    'when the engine restarts it again and again': [
      one({ status: 'restarting', exitCode: 3, restarts: 7 }, gone),
      'bad alpha: it is restarted again and again, 7 times so far: exit code 3 -> docker logs --tail 50 alpha',
    ],
    'when it was never started': [
      one({ status: 'created', error: 'port is already allocated' }, gone),
      'bad alpha: it was never started: port is already allocated -> docker compose -f /srv/lucid/releases/r-1/compose.core.yaml up -d alpha',
    ],
    'when it is paused': [
      one({ status: 'paused' }, answer('alpha', 'timeout', { detail: 'no answer in time' })),
      'bad alpha: it is paused -> docker unpause alpha',
    ],
    'when it runs and says that it is unhealthy': [
      one({}, answer('alpha', 'unhealthy', { detail: 'store: the disk is full' })),
      'bad alpha: unhealthy: store: the disk is full -> docker logs --tail 50 alpha; docker restart alpha',
    ],
    'when the chain was put back to older data': [
      one(
        {},
        answer('alpha', 'degraded', {
          detail: 'history: the store ends at block 3',
          failing: { history: 'the store ends at block 3' },
        }),
      ),
      'bad alpha: the store ends at block 3 -> bun run recover chain',
    ],
    'when it runs and does not answer': [
      one({}, answer('alpha', 'timeout', { detail: 'no answer in time' })),
      'bad alpha: no answer in time -> docker logs --tail 50 alpha; docker restart alpha',
    ],
    'when only the engine finds it unhealthy': [
      one({ health: 'unhealthy', healthOutput: 'no route' }),
      "bad alpha: it answers here, but the engine's health check fails: no route -> docker logs --tail 50 alpha",
    ],
    'when no host was asked and it does not answer': [
      { ...noHost, services: [gone] },
      'bad alpha: nothing listens there -> bun run logs alpha',
    ],
  }
  for (const [name, [watched, line]] of Object.entries(cases))
    test(name, () => expect(problems(watched)).toEqual([line]))
})

test('a service that is starting is a warning until it answers', () => {
  expect(problems(one({ health: 'starting' }, gone))).toEqual(['warn alpha: it is starting -> look again in a minute'])
  expect(problems(one({ health: 'starting' }))).toEqual([])
})

describe('the database, which only the engine can ask,', () => {
  const expected = [...well.expected, db]
  const mongo = (more: Partial<Container>) =>
    host({ containers: [container('alpha'), container('mongo', { name: 'lucid_mongo', ...more })] }, { expected })
  test('is well when its health check passes', () => expect(problems(mongo({}))).toEqual([]))
  test('is bad when it does not', () => {
    expect(problems(mongo({ health: 'unhealthy', healthOutput: 'no primary' }))).toEqual([
      "bad mongo: the engine's health check fails: no primary -> docker logs --tail 50 lucid_mongo",
    ])
  })
  test('is unknown, never well, when the engine does not answer', () => {
    const down = host({ engine: { is: 'down', why: 'refused' }, containers: [], allContainers: false }, { expected })
    expect(problems(down)).toEqual([
      'unknown mongo: the engine did not tell of it -> see the line of engine:docker',
      'bad engine:docker: the engine does not answer: refused -> sudo systemctl restart docker; journalctl -u docker -n 50',
    ])
  })
  test('is not counted when no host was asked', () => {
    expect(judgeAll({ ...noHost, expected }).map(({ subject }) => subject)).toEqual(['alpha'])
  })
})

describe('what runs once', () => {
  const set = (...containers: readonly Container[]) =>
    host({ containers: [container('alpha'), ...containers] }, { expected: [...well.expected, init] })
  const ran = (more: Partial<Container>) =>
    set(container('mongo-init', { name: 'lucid_mongo_init', status: 'exited', ...more }))
  test('is well when it ended with 0', () => expect(problems(ran({}))).toEqual([]))
  test('is bad when it ended with another code', () => {
    expect(problems(ran({ exitCode: 1 }))).toEqual([
      'bad mongo-init: it did not end well: exit code 1 -> docker logs --tail 50 lucid_mongo_init',
    ])
  })
  test('may be at work for five minutes', () => {
    expect(problems(ran({ status: 'running', startedAt: NOW - 60_000 }))).toEqual([])
    expect(problems(ran({ status: 'running', startedAt: NOW - HOUR }))).toEqual([
      'warn mongo-init: it should have ended and has been running for 1 h 0 min -> docker logs --tail 50 lucid_mongo_init',
    ])
  })
  test('is a warning when its container was removed', () => {
    expect(problems(set())).toEqual([
      'warn mongo-init: its container is gone: that it did its work cannot be seen -> docker compose -f /srv/lucid/releases/r-1/compose.core.yaml up -d mongo-init',
    ])
  })
})

describe('tor', () => {
  const tor = (failing: Readonly<Record<string, string>>, state: Result['state'] = 'unhealthy') =>
    host(
      { containers: [container('tor-proxy', { health: state === 'healthy' ? 'healthy' : 'unhealthy' })] },
      { services: [answer('tor-proxy', state, { failing, detail: 'x' })], expected: [] },
    )
  test('below 100 % is bad, and the clock is the first thing to look at', () => {
    expect(problems(tor({ bootstrap: '45 %: loading', onion: 'not published' }))).toEqual([
      "bad tor-proxy: tor has not joined its network: 45 %: loading -> check the host's clock (date -u) and its way out, then docker logs --tail 50 tor-proxy",
    ])
  })
  test('without an uploaded descriptor is bad', () => {
    expect(problems(tor({ onion: 'the descriptor is not published yet' }))[0]).toStartWith(
      'bad tor-proxy: no directory has taken the descriptor of the onion, so nobody finds it: ',
    )
  })
  test('that stays offline on a deployed host is a warning, on a developer’s machine it is well', () => {
    const off = tor({ network: 'off' }, 'healthy')
    expect(problems(off)).toEqual([
      'warn tor-proxy: tor stays offline, nobody reaches the platform: off -> set TOR_NETWORK=on in .env.core',
    ])
    const { facts: _, ...dev } = off
    expect(problems(dev)).toEqual([])
  })
})

test('a list of containers that was cut makes nobody missing', () => {
  expect(problems(host({ containers: [], allContainers: false }))).toEqual([])
})

test('containers of docker compose run and of tools are nobody’s business', () => {
  const stray = { status: 'exited', exitCode: 9 } as const
  const containers = [
    container('alpha'),
    container('beta', { ...stray, oneoff: true }),
    container('server-tools', stray),
  ]
  expect(problems(host({ containers }))).toEqual([])
})

test('a container that the catalogue does not list is judged too, and of two of a service the one that runs', () => {
  const containers = [
    container('alpha'),
    container('alpha', { status: 'exited', exitCode: 1 }),
    container('old-one', { status: 'exited', exitCode: 2 }),
  ]
  expect(problems(host({ containers }))).toEqual([
    'bad old-one: it does not run: exit code 2 -> docker logs --tail 50 old-one',
  ])
})

test('a service that was left out is no subject', () => {
  expect(judgeAll({ ...noHost, services: [answer('alpha', 'absent', { detail: 'needs nginx' })] })).toEqual([])
})

test('with a chosen stack only its services and containers are looked at, and nothing of the host', () => {
  const other = container('beta', { project: 'lucid-sessions', status: 'exited', exitCode: 1 })
  const found = judgeAll({
    ...well,
    chosen: ['core'],
    facts: {
      ...wellHost,
      containers: [container('alpha'), other],
      disks: [{ device: '/dev/sda1', mount: '/', size: 100, free: 0 }],
    },
  })
  expect(found.map(({ subject }) => subject)).toEqual(['alpha'])
})

test('no name from outside gets into a command', () => {
  const evil = one({ name: 'x; rm -rf /', status: 'exited', exitCode: 1 }, gone)
  expect(problems(evil)).toEqual(['bad alpha: it does not run: exit code 1 -> docker logs --tail 50 CONTAINER'])
})
