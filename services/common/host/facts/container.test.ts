import { describe, expect, test } from 'bun:test'
import { judgeContainer, parseContainer, parseContainerState } from './container.ts'

/** What CONTAINER_FORMAT prints of a container, with whatever a test changes. */
const line = (more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ id: 'a'.repeat(64), name: '/alpha', status: 'running', ...more })
const read = (more: Readonly<Record<string, unknown>>) => {
  const container = parseContainer(line(more), new Map())
  if (container === undefined) throw new Error('no container')
  return container
}
const health = (status: string, streak: number, more = {}) => ({ health: { status, streak, ...more } })

describe('the condition of a container', () => {
  test.each([
    ['healthy', health('healthy', 0), 'healthy', 'healthy'],
    ['without a health check', { health: null }, 'healthy', 'healthy'],
    ['starting', health('starting', 0), 'starting', 'starting'],
    ['unhealthy with no check that failed: it was paused', health('unhealthy', 0), 'resumed', 'resumed'],
    ['unhealthy', health('unhealthy', 3), 'unhealthy', 'unhealthy'],
    ['paused', { status: 'paused', ...health('unhealthy', 0) }, 'paused', 'paused'],
    ['restarting', { status: 'restarting', exitCode: 3 }, 'restarting', 'restarting'],
    ['created', { status: 'created' }, 'created', 'created'],
    ['exited with 0', { status: 'exited', exitCode: 0 }, 'ended', 'done'],
    ['exited with 1', { status: 'exited', exitCode: 1 }, 'ended', 'ended'],
    ['out of memory', { status: 'exited', exitCode: 137, oomKilled: true }, 'ended', 'ended'],
    ['dead', { status: 'dead', exitCode: 0 }, 'ended', 'ended'],
    ['in a state of tomorrow', { status: 'hibernating' }, 'ended', 'ended'],
  ])('%s', (_, more, lasting, runOnce) => {
    const container = read(more)
    expect<string>(judgeContainer(container)).toBe(lasting)
    expect<string>(judgeContainer(container, { runsOnce: true })).toBe(runOnce)
  })
})

test('what is told of its health is what the last check that failed printed, else the last one', () => {
  const said = (codes: readonly number[]) =>
    read(health('unhealthy', 1, { log: ['one', 'two', 'three\n'], codes })).healthOutput
  expect([said([1, 1, 0]), said([0, 0, 0]), said([1, 0, 9]), said([])]).toEqual(['two', 'three', 'three', 'three'])
})

test('limits, rights, ports, networks and mounts are read; what is not told is none', () => {
  expect(
    read({
      user: '65532:65532',
      memory: 5,
      nanoCpus: 500_000_000,
      pids: -1,
      devices: 2,
      capAdd: null,
      capDrop: ['ALL'],
      logMaxSize: '10m',
      bindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
      ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }], '81/tcp': null },
      networks: { net: { NetworkID: 'n1', Aliases: ['a', 'b'], IPAddress: '172.21.0.2', Gateway: '172.21.0.1' } },
      mounts: [
        { Type: 'volume', Name: 'data', Source: '/var/lib/x', RW: true },
        { Type: 'bind', Source: '/etc', RW: false },
      ],
    }),
  ).toMatchObject({
    user: '65532:65532',
    memoryLimit: 5,
    cpus: 0.5,
    pidsLimit: 0,
    devices: 2,
    capAdd: [],
    capDrop: ['ALL'],
    logMaxSize: '10m',
    bindings: [{ ip: '', host: 8080, target: 80 }],
    published: [{ ip: '127.0.0.1', host: 8080, target: 80 }],
    networks: { net: { id: 'n1', names: ['a', 'b'], address: '172.21.0.2', gateway: '172.21.0.1' } },
    mounts: [
      { type: 'volume', name: 'data', source: '/var/lib/x' },
      { type: 'bind', name: '', source: '/etc' },
    ],
  })
  expect(read({ cpuQuota: 20_000, cpuPeriod: 100_000 }).cpus).toBe(0.2)
  expect(read({})).toMatchObject({ cpus: 0, networks: {}, readOnlyRoot: false, privileged: false })
})

test('an engine’s reason that names the endpoint first is read to its end', () => {
  const error = `driver failed programming external connectivity on endpoint api-gateway (${'f'.repeat(64)}): Bind for 127.0.0.1:8080 failed: port is already allocated`
  expect(parseContainerState(line({ error }))?.error).toBe(error)
})

test('what is no container is none', () => {
  for (const text of ['', 'null', '[]', '{"id":"../x","name":"/a"}', `{"id":"${'a'.repeat(64)}"}`])
    expect(parseContainerState(text)).toBeUndefined()
})
