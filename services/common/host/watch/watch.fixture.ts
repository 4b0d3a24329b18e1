import { makeContainer } from '../facts/container.fixture.ts'
import type { Container } from '../facts/container.ts'
import type { HostFacts } from '../facts/host-facts.ts'
import type { Result, State } from '../probe.ts'
import { judgeAll, type Watched } from './rules.ts'

/** Noon of a day, epoch ms. */
export const NOW = Date.UTC(2026, 10, 25, 12)
export const HOUR = 3_600_000
export const DAY = 24 * HOUR
const GIB = 2 ** 30

export const container = (service: string, more: Partial<Container> = {}): Container =>
  makeContainer(service, {
    startedAt: NOW - HOUR,
    networks: { net: { id: 'n', names: [], address: '', gateway: '' } },
    ...more,
  })

/** A host on which everything is well. */
export const wellHost: HostFacts = {
  whole: true,
  at: NOW,
  dir: '/srv/lucid',
  engine: { is: 'up', version: '28', root: '/var/lib/docker', limitsMemory: true, platform: 'linux/arm64' },
  containers: [container('alpha')],
  allContainers: true,
  disks: [{ device: '/dev/sda1', mount: '/', size: 100 * GIB, free: 50 * GIB }],
  oomKills: 3,
  temperature: 50,
  throttled: 0,
  certificates: [{ file: 'a.pem', notAfter: NOW + 60 * DAY }],
  backup: { at: NOW - HOUR, ok: true, id: 'b-1' },
  drill: { at: NOW - DAY, ok: true, id: 'b-0' },
  release: 'r-1',
  volumes: ['data'],
}

export const answer = (name: string, state: State = 'healthy', more: Partial<Result> = {}): Result => ({
  name,
  stack: 'core',
  state,
  ms: 1,
  detail: '',
  ...more,
})

/** One service that is well, on a host that is well. */
export const well: Watched = {
  services: [answer('alpha')],
  expected: [
    { service: 'alpha', stack: 'core', container: 'alpha', shows: 'http', networks: ['net'], volumes: ['data'] },
  ],
  facts: wellHost,
  counts: new Map(),
  now: NOW,
}

/** The same with other facts. */
export const host = (facts: Partial<HostFacts>, more: Partial<Watched> = {}): Watched => ({
  ...well,
  ...more,
  facts: { ...wellHost, ...facts },
})

/** What is not well, a line each: `state subject: evidence -> remedy`. */
export const problems = (watched: Watched): readonly string[] =>
  judgeAll(watched)
    .filter(({ state }) => state !== 'ok')
    .map(({ subject, state, evidence, remedy }) => `${state} ${subject}: ${evidence} -> ${remedy}`)
