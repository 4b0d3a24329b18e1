import { describe, expect, test } from 'bun:test'
import { type Entry, stock } from '#catalog'
import type { Container } from '#common/host/facts/container'
import type { ExpectedContainer } from './expected.ts'
import { type ConnectionPlan, connectionScript, judgeConnections, planConnections } from './reachability.ts'

/** Two planes: alpha and beta on one, gamma on the other, delta on both. */
const networks = {
  alpha: ['lucid_core_net'],
  beta: ['lucid_core_net'],
  gamma: ['lucid_chain_net'],
  delta: ['lucid_core_net', 'lucid_chain_net'],
} as const

const entry = (needs: readonly string[], port: number): Entry => ({
  stack: 'core',
  phase: 1,
  summary: '',
  port,
  hostPort: port,
  plane: 'ops',
  networks: [],
  needs,
  tolerates: [],
  store: false,
  memoryMiB: 64,
  cpus: 1,
  volumes: {},
  image: { base: 'bun', addons: [], packages: [] },
})

const catalog = { alpha: entry(['delta'], 1), beta: entry([], 2), gamma: entry([], 3), delta: entry(['gamma'], 4) }

const expected = Object.entries(networks).map(
  ([service, on], at): ExpectedContainer => ({
    service,
    container: service,
    image: service,
    proof: { kind: 'runs' },
    ours: true,
    user: '',
    memory: 0,
    cpus: 0,
    pids: 0,
    logs: {},
    networks: on,
    ports: at === 0 ? { '1': '8001' } : {},
  }),
)

const containers = new Map(
  Object.entries(networks).map(([name, on], at) => [
    name,
    {
      networks: Object.fromEntries(
        on.map((one) => [one, { id: 'n', names: [], address: `10.0.0.${at}`, gateway: '10.0.0.254' }]),
      ),
    } satisfies Pick<Container, 'networks'>,
  ]),
)

const plans = planConnections({ catalog, stock, expected, containers })
const of = (service: string): ConnectionPlan => {
  const found = plans.find((one) => one.service === service)
  if (found === undefined) throw new Error(`nothing is asked of ${service}`)
  return found
}

describe('from inside a container', () => {
  test('whom it needs must open by name, whom it shares no network with neither by name nor address', () => {
    expect(of('alpha').connections).toEqual([
      { name: 'gamma', port: 3, opens: false, what: 'gamma by name' },
      { address: '10.0.0.2', port: 3, opens: false, what: 'gamma at 10.0.0.2' },
      { name: 'delta', port: 4, opens: true, what: 'delta' },
      { address: '10.0.0.254', port: 8001, opens: false, what: 'port 8001 of the host' },
    ])
  })
  test('who shares a network and is not needed is not asked: its token guards it', () =>
    expect(of('beta').connections.map(({ what }) => what)).not.toContain('alpha'))
  test('both sides of a plane are asked', () =>
    expect(of('gamma').connections.map(({ what }) => what)).toContain('alpha by name'))
})

describe('answers', () => {
  test('as they should be leave nothing wrong', () =>
    expect(judgeConnections(of('alpha'), '[0,0,1,0]')).toEqual({ wrong: [], reached: ['delta'], kept: 3 }))
  test('name who cannot be reached, and who can', () =>
    expect(judgeConnections(of('alpha'), '[1,0,0,1]')?.wrong).toEqual([
      'can reach gamma by name',
      'cannot reach delta',
      'can reach port 8001 of the host',
    ]))
  test('that are none, or too few, are no answer', () => {
    for (const text of [undefined, '', '[0,0,1]', '{}']) expect(judgeConnections(of('alpha'), text)).toBeUndefined()
  })
})

test('the program that is run inside says what opens and what does not', async () => {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const closed = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  const gone = closed.port
  closed.stop(true)
  const script = connectionScript({
    container: 'alpha',
    service: 'alpha',
    connections: [
      { name: 'localhost', port: server.port, opens: true, what: 'open by name' },
      { address: '127.0.0.1', port: server.port, opens: true, what: 'open' },
      { address: '127.0.0.1', port: gone, opens: false, what: 'closed' },
      { name: 'nobody.invalid', port: 1, opens: false, what: 'unknown' },
    ],
  }).replace('docker exec alpha /usr/local/bin/bun', process.execPath)
  const child = Bun.spawn(['sh', '-c', script], { stdout: 'pipe' })
  expect(await new Response(child.stdout).text()).toBe('alpha\t[1,1,0,0]\n')
  server.stop(true)
})
