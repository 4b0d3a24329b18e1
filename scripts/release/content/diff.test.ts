import { expect, test } from 'bun:test'
import { compareReleases, summarizeChanges } from './diff.ts'
import type { Release, ReleaseStack } from './release.ts'

const member = (service: string, image: string, ports: readonly number[] = []) => ({
  service,
  container: service,
  image,
  proof: { kind: 'runs' } as const,
  memory: 0,
  ports,
  volumes: [],
})
const stack = (members: ReleaseStack['members'], env: ReleaseStack['env'] = {}): ReleaseStack => ({
  stack: 'core',
  members,
  env,
})

const base: Release = {
  format: 'lucid/release/v1',
  id: 'r-1',
  version: '1',
  revision: '1',
  madeBy: 'a@b',
  madeAt: 0,
  signer: '',
  platform: 'linux/arm64',
  images: [],
  stock: [],
  stacks: [stack([member('gate', 'x:gate-1', [80]), member('old', 'x:old-1')], { gate: { A: 'h1', B: 'h2' } })],
  files: { 'compose.core.yaml': 'f1' },
  support: {},
  secrets: ['gate/KEY'],
  networks: [],
  volumes: ['data'],
  migrations: { gate: { version: 1, irreversible: [] } },
}

test('the same release changes nothing', () => {
  expect(compareReleases(base, base)).toEqual([])
  expect(summarizeChanges([])).toBe('nothing')
})

test('images, services, environment keys, ports, volumes, secrets and migrations are told apart, and no value is shown', () => {
  const after: Release = {
    ...base,
    id: 'r-2',
    stacks: [stack([member('gate', 'x:gate-2', [81]), member('fresh', 'x:fresh-1')], { gate: { A: 'h9', C: 'h3' } })],
    files: { 'compose.core.yaml': 'f2' },
    secrets: ['gate/KEY', 'fresh/KEY'],
    volumes: ['data', 'more'],
    migrations: { gate: { version: 2, irreversible: [2] } },
  }
  const changes = compareReleases(base, after)
  expect(changes.map(({ what, subject, change, detail }) => [what, change, subject, detail].join(' ').trim())).toEqual([
    'service new fresh',
    'service gone old',
    'image changed gate gate-1 -> gate-2',
    'env changed gate A',
    'env gone gate B',
    'env new gate C',
    'port gone 80 gate',
    'port new 81 gate',
    'volume new more',
    'secret new fresh/KEY',
    'migration changed gate version 1 -> 2',
    'settings changed compose.core.yaml',
  ])
  expect(summarizeChanges(changes)).toBe('2 services, 1 image, 3 envs, 2 ports, 1 volume, 1 secret, 1 migration')
})

test('a first release is new as a whole', () => {
  expect(summarizeChanges(compareReleases(undefined, base))).toBe('2 services, 1 port, 1 volume, 1 secret, 1 migration')
})
