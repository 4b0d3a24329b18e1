import { describe, expect, test } from 'bun:test'
import { makeContainer } from '#common/host/facts/container.fixture'
import { type HostChange, host, preflightInput, release } from './preflight.fixture.ts'
import { listFaults, preflight } from './preflight.ts'
import type { PreflightHost, PreflightInput } from './preflight-check.ts'
import { isAtLeast, releaseSize } from './preflight-machine.ts'

const { deep } = preflightInput({})
const engine = (more: object): HostChange => ({ engine: { ...host.engine, ...more } as PreflightHost['engine'] })
const total = (bytes: number): HostChange => ({ memory: { total: bytes, available: 0, swapTotal: 0, swapFree: 0 } })
const listening = (port: number) => [{ port, loopback: true }]

const judge = (change: HostChange, more: Partial<PreflightInput> = {}) => preflight(preflightInput(change, more))
const faults = (change: HostChange, more: Partial<PreflightInput> = {}) =>
  judge(change, more).flatMap(({ findings }) => findings.map(({ subject, evidence }) => `${subject}: ${evidence}`))

describe('preflight', () => {
  test('finds nothing on a host that is ready', () => expect(faults({})).toEqual([]))

  const cases: readonly (readonly [HostChange, Partial<PreflightInput>, string])[] = [
    [engine({ platform: 'linux/amd64' }), {}, 'architecture: the host is linux/amd64, the release is for linux/arm64'],
    [{ readiness: { kernel: '4.19.0' } }, {}, 'kernel: kernel 4.19.0 is older than 5.4'],
    [engine({ limitsMemory: false }), {}, 'kernel: the kernel enforces no memory limits'],
    [engine({ version: '19.03.1' }), {}, 'engine: Docker 19.03.1 is older than 20.10'],
    [{ engine: { is: 'down', why: 'permission denied' } }, {}, 'engine: no Docker engine answers: permission denied'],
    [{ readiness: { compose: '' } }, {}, 'compose: docker compose is not there'],
    [{ readiness: { compose: '1.29.2' } }, {}, 'compose: Compose 1.29.2 is older than 2.20'],
    [{ readiness: { flock: false } }, {}, 'programs: flock is not there'],
    [
      { readiness: { machineId: false } },
      {},
      'machine id: /etc/machine-id holds no id, and recordings could not say which machine made them',
    ],
    [{ readiness: { writable: false } }, {}, 'folder: /lucid cannot be written'],
    [total(2 ** 29), {}, 'memory: the host has 512 MiB of memory, the limits of all services are 1 GiB'],
    [{ readiness: { freePlatform: 100 } }, {}, 'disk: /lucid has 100 B free, twice the release is 106 B'],
    [{ at: 900_000 }, {}, 'clock: its clock is at least -99 s from ours'],
    [{ at: 1_021_000 }, {}, 'clock: its clock is at least 21 s from ours'],
    [{ readiness: { listening: listening(8080) } }, {}, 'ports: port 8080 of gate is taken by another program'],
    [{}, { current: release }, 'secrets: secret gate/KEY is gone'],
    [
      {},
      { placeholders: ['env/.env.core: MONGO_URL still holds a placeholder'] },
      'secrets: env/.env.core: MONGO_URL still holds a placeholder',
    ],
    [{}, { deep: { ...deep, secrets: ['gate/KEY: is a placeholder'] } }, 'secrets: gate/KEY: is a placeholder'],
    [{}, { deep: { ...deep, networks: ['172.21.0.0/24 is taken'] } }, 'networks: 172.21.0.0/24 is taken'],
    [
      {},
      { deep: { ...deep, owners: ['volume data has 2 files of another user'] } },
      'volumes: volume data has 2 files of another user',
    ],
    [{}, { signature: 'the images are not signed' }, 'signature: the images are not signed'],
  ]
  for (const [change, more, fault] of cases) test(fault, () => expect(faults(change, more)).toEqual([fault]))

  test('a host that took a minute to answer has no wrong clock, whenever in it the clock was read', () => {
    for (const at of [1_000_000, 1_030_000, 1_060_000])
      expect(faults({ at, asked: [1_000_000, 1_060_000] })).toEqual([])
    expect(faults({ at: 1_081_000, asked: [1_000_000, 1_060_000] })).toEqual([
      'clock: its clock is at least 21 s from ours',
    ])
  })

  test('a port of a container of ours is ours, whatever state that is in; one of a stranger is taken', () => {
    const published = [{ ip: '127.0.0.1', host: 8080, target: 80 }]
    const at = (more: object) =>
      faults({ readiness: { listening: listening(8080) }, containers: [makeContainer('gate', { published, ...more })] })
    expect(at({})).toEqual([])
    expect(at({ status: 'paused' })).toEqual([])
    expect(at({ project: '' })).toEqual(['ports: port 8080 of gate is taken by another program'])
  })

  test('reports everything that is wrong at once, each with what to do', () => {
    const checked = judge({ ...total(0), readiness: { flock: false, compose: '' } }, { signature: 'no' })
    const findings = checked.flatMap((one) => one.findings)
    expect(findings.map(({ subject }) => subject)).toEqual(['compose', 'programs', 'memory', 'signature'])
    for (const { remedy, state } of findings) expect([remedy !== '', state]).toEqual([true, 'bad'])
    expect(listFaults(checked)[1]).toBe('programs: flock is not there: install util-linux')
  })

  test('makes secrets on a new host, and says how many', () => {
    const secrets = preflight(preflightInput({})).find(({ check }) => check === 'secrets')
    expect(secrets).toMatchObject({ detail: '1 of 1 will be made', findings: [] })
  })
})

test.each([
  ['5.4.0', true],
  ['5.3.99', false],
  ['6.0', true],
  ['28.5.2+dfsg', true],
  ['', false],
])('version %p is at least 5.4: %p', (version, good) => expect(isAtLeast(version, [5, 4])).toBe(good))

test('a release is as big as its layers, those that are shared once', () => expect(releaseSize(release)).toBe(53))
