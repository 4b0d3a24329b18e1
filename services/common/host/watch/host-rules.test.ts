import { describe, expect, test } from 'bun:test'
import type { HostFacts } from '../facts/host-facts.ts'
import type { MarkedVolume } from '../volume-mark.ts'
import { judgeAll } from './rules.ts'
import { container, DAY, HOUR, host, NOW, problems, well, wellHost } from './watch.fixture.ts'

const MIB = 2 ** 20
const GIB = 2 ** 30

test('a host on which everything is well has a line for each thing that was looked at', () => {
  expect(judgeAll(well).map(({ subject, state, evidence }) => `${state} ${subject} ${evidence}`.trim())).toEqual([
    'ok alpha',
    'ok engine:docker version 28',
    'ok facts:host',
    'ok deploy:run r-1',
    'ok volume:data',
    'ok disk:/ 50 % free, 50 GiB',
    'ok memory:alpha 50 % of 100 MiB',
    'ok restarts:alpha',
    'ok memory:kills',
    'ok certificate:a.pem ends in 60 d 0 h',
    'ok backup:newest the newest is 1 h 0 min old',
    'ok backup:drill the last one was 1 d 0 h ago',
    'ok cpu:speed 50 °C',
  ])
})

const used = (mib: number): Partial<HostFacts> => ({ containers: [container('alpha', { memoryUsed: mib * MIB })] })
const disk = (size: number, free: number): Partial<HostFacts> => ({
  disks: [{ device: '/dev/sda1', mount: '/srv', size: size * GIB, free: free * GIB }],
})
const certificate = (left: number): Partial<HostFacts> => ({ certificates: [{ file: 'a.pem', notAfter: NOW + left }] })
const backup = (age: number, ok = true): Partial<HostFacts> => ({ backup: { at: NOW - age, ok, id: 'b' } })
const drill = (age: number, ok = true): Partial<HostFacts> => ({ drill: { at: NOW - age, ok, id: 'b' } })
const without = (...names: readonly (keyof HostFacts)[]): Partial<HostFacts> =>
  Object.fromEntries(names.map((name) => [name, undefined]))
const lease = { by: 'dev@desk', what: 'deploy r-2', until: NOW + 1000 }
const openRun = { run: 'run-2', what: 'deploy r-2' }

/** As where neither the kernel nor the engine has a figure. */
const { memoryUsed: _, ...unread } = container('alpha')

/** Each rule at its edges: facts, and the beginning of the one line they give; none where all is well. */
const cases: Readonly<Record<string, readonly (readonly [facts: Partial<HostFacts>, line: string])[]>> = {
  'memory is a warning from 85 % of the limit and bad from 95 %': [
    [used(84.9), ''],
    [used(85), 'warn memory:alpha: 85 % of 100 MiB -> raise its mem_limit'],
    [used(94.9), 'warn memory:alpha: 94 % of 100 MiB'],
    [used(95), 'bad memory:alpha: 95 % of 100 MiB'],
  ],
  'memory that nobody can read is unknown; a kernel that does not count is said, with the cure': [
    [
      { containers: [unread] },
      'unknown memory:limits: the memory of no container can be read -> docker stats --no-stream',
    ],
    [
      { engine: { is: 'up', version: '28', root: '', limitsMemory: false, platform: 'linux/arm64' } },
      'warn memory:limits: this kernel neither counts nor limits the memory of containers -> add "cgroup_enable=memory',
    ],
    [{ containers: [container('alpha', { memoryLimit: 0 })] }, ''],
  ],
  'a disk is a warning under 15 % free, bad under 5 % or 2 GiB': [
    [disk(100, 15), ''],
    [disk(100, 14.9), 'warn disk:/srv: 14 % free, 14.9 GiB -> du -xh -d 2 /srv | sort -h | tail'],
    [disk(100, 4.9), 'bad disk:/srv: 4 % free, 4.9 GiB'],
    [disk(10, 2), ''],
    [disk(10, 1.9), 'bad disk:/srv: 19 % free, 1.9 GiB'],
  ],
  'a certificate is a warning within 21 days of its end, bad within 7 and after it': [
    [certificate(21 * DAY), ''],
    [certificate(21 * DAY - 1), 'warn certificate:a.pem: ends in 20 d 23 h -> put the new certificate'],
    [certificate(7 * DAY - 1), 'bad certificate:a.pem: ends in 6 d 23 h'],
    [certificate(-HOUR), 'bad certificate:a.pem: ended 1 h 0 min ago'],
    [{ certificates: [{ file: 'a.pem', fault: 'it cannot be read' }] }, 'bad certificate:a.pem: it cannot be read'],
  ],
  'a backup is a warning after 26 hours or a run that failed, bad after 72 and when there is none': [
    [backup(26 * HOUR), ''],
    [backup(26 * HOUR + 1), 'warn backup:newest: the newest is 1 d 2 h old -> bun run backup'],
    [backup(72 * HOUR + 1), 'bad backup:newest: the newest is 3 d 0 h old -> bun run backup'],
    [backup(HOUR, false), 'warn backup:newest: the last run failed, the newest is 1 h 0 min old -> bun run backup'],
    [backup(80 * HOUR, false), 'bad backup:newest: the last run failed, the newest is 3 d 8 h old'],
    [{ backup: { ok: false, id: '' } }, 'bad backup:newest: none has ever gone well -> bun run backup'],
    [without('backup'), 'bad backup:newest: there has never been one -> bun run backup'],
    [backup(-HOUR), 'unknown backup:newest: the last one is dated in the future -> date -u'],
    [{ ...without('backup', 'drill', 'dir') }, ''],
  ],
  'a restore drill is a warning after 35 days or never, bad when it failed': [
    [drill(35 * DAY), ''],
    [drill(35 * DAY + 1), 'warn backup:drill: the last one was 35 d 0 h ago -> bun run restore --identity KEY --drill'],
    [without('drill'), 'warn backup:drill: no backup was ever restored on trial'],
    [drill(DAY, false), 'bad backup:drill: the newest backup could not be restored on trial'],
    [{ drill: { ok: false, id: '' } }, 'bad backup:drill: the newest backup could not be restored on trial'],
    [drill(-HOUR), 'unknown backup:drill: the last one is dated in the future'],
  ],
  'a processor that is slowed down is a warning; that it once was is not': [
    [
      { throttled: 0x5 },
      'warn cpu:speed: the processor is slowed down: under-voltage, throttled, 50 °C -> use the 27 W',
    ],
    [{ throttled: 0x8 }, 'warn cpu:speed: the processor is slowed down: soft temperature limit, 50 °C -> cool it'],
    [{ throttled: 0x50000 }, ''],
    [{ temperature: 80 }, 'warn cpu:speed: 80 °C: it is about to be slowed down -> cool it'],
  ],
  'a run that was cut is bad; one under a lease is a deploy at work': [
    [{ openRun }, 'bad deploy:run: a run was cut before its end: run-2, deploy r-2 -> bun run deploy:pi or'],
    [
      { openRun, lease },
      'warn deploy:run: the host is being changed by dev@desk (deploy r-2) -> wait until it is done',
    ],
    [{ openRun, lease: { ...lease, until: NOW } }, 'bad deploy:run: a run was cut'],
    [{ lease: { ...lease, until: NOW } }, ''],
  ],
  'facts are a warning after 15 minutes, and unknown when they came in part': [
    [{ at: NOW - 15 * 60_000 }, ''],
    [{ at: NOW - 16 * 60_000 }, 'warn facts:host: what is known of the host is 16 min 0 s old'],
    [{ whole: false }, 'unknown facts:host: what the host says came only in part'],
  ],
  'an engine is bad when it does not answer or is not there, unknown when it may not be asked': [
    [
      { engine: { is: 'down', why: 'no answer within 1.2 s' } },
      'bad engine:docker: the engine does not answer: no answer',
    ],
    [{ engine: { is: 'absent' } }, 'bad engine:docker: docker is not installed'],
    [
      { engine: { is: 'down', why: 'permission denied while trying to connect' } },
      'unknown engine:docker: this user may not ask the engine -> run the check as root',
    ],
  ],
}
for (const [name, rows] of Object.entries(cases))
  test(name, () => {
    for (const [facts, line] of rows) {
      const found = problems(host(facts))
      expect(found).toHaveLength(line === '' ? 0 : 1)
      expect(found[0] ?? '').toStartWith(line)
    }
  })

describe('data', () => {
  const ours = '01234567-89ab-4cde-8f01-23456789abcd'
  const lies = (mark: MarkedVolume['mark'], entries = 3): Partial<HostFacts> => ({
    installation: ours,
    markedVolumes: [{ name: 'data', mark, entries }],
  })
  const mark = { v: 1, installation: ours, volume: 'data' } as const
  test.each<[string, Partial<HostFacts>, string]>([
    ['gone', { volumes: ['other'] }, 'is gone, and the release that runs here has data in it'],
    ['emptied', lies('none', 0), 'is empty and has lost its mark'],
    ['replaced', lies('none'), 'has no mark of this host'],
    ['another host’s', lies({ ...mark, installation: ours.replace('0123', 'fedc') }), 'is that of another host'],
    ['another volume’s', lies({ ...mark, volume: 'other' }), 'holds what was in other'],
  ])('that is %s is bad, and a backup is named', (_, facts, said) => {
    const [found = '', ...more] = problems(host(facts))
    expect(more).toEqual([])
    expect(found).toStartWith(`bad volume:data: ${said}`)
    expect(found).toContain('-> bun run recover volume data brings it back from a backup')
  })
  test('that is where it was is well, with its mark and on a host without marks', () => {
    expect(problems(host(lies(mark)))).toEqual([])
    const { installation: _, ...unnamed } = lies('none')
    expect(problems(host(unnamed))).toEqual([])
  })
  test('is missed by nobody where no release is at work, or nobody tells', () => {
    expect(problems(host({ ...without('release'), volumes: [], containers: [] }))).toEqual([])
    expect(problems(host(without('volumes')))).toEqual([])
  })
})

test('what somebody changed by hand is said: a file of the release, a network that a container was on', () => {
  expect(problems(host({ changedFiles: ['compose.core.yaml'] }))).toEqual([
    'warn file:compose.core.yaml: this file of the release was changed by hand -> bun run deploy:pi',
  ])
  expect(problems(host({ containers: [container('alpha', { networks: {} })] }))).toEqual([
    'bad alpha: it is not on net -> bun run recover network net',
  ])
})

test('containers that run where the folder knows of no release mean that its disk is not mounted', () =>
  expect(problems(host(without('release')))).toEqual([
    'bad deploy:run: containers of Lucid run, and /srv/lucid holds no release -> findmnt /srv/lucid says whether its disk is mounted',
  ]))

describe('restarts', () => {
  const restarted = (count: number, more = {}) => ({ containers: [container('alpha', { restarts: count, ...more })] })
  const id = container('alpha').id
  const counts = new Map([['restarts:alpha', { id, count: 2 }]])
  test('are a warning when they grew since the last check', () => {
    expect(problems(host(restarted(4), { counts }))).toEqual([
      'warn restarts:alpha: the engine restarted it 2 times since the last check, 4 in all -> docker logs --tail 200 alpha',
    ])
  })
  test('are none when they did not grow, were not counted before, or are those of another container', () => {
    expect(problems(host(restarted(2), { counts }))).toEqual([])
    expect(problems(host(restarted(0), { counts }))).toEqual([])
    expect(problems(host(restarted(4)))).toEqual([])
    const other = new Map([['restarts:alpha', { id: 'another', count: 2 }]])
    expect(problems(host(restarted(4), { counts: other }))).toEqual([])
  })
  test('of a container that does not run at all are not said twice', () => {
    expect(problems(host(restarted(9, { status: 'restarting', exitCode: 1 }), { counts }))).toHaveLength(1)
  })
})

test('what the kernel killed for want of memory since the last check is a warning; a reboot is not', () => {
  const counts = (count: number) => ({ counts: new Map([['memory:kills', { id: 'kernel', count }]]) })
  expect(problems(host({}, counts(1)))).toEqual([
    'warn memory:kills: the kernel killed 2 processes for want of memory since the last check -> sudo dmesg | grep -i "killed process" names them',
  ])
  expect(problems(host({}, counts(90)))).toEqual([])
  expect(problems(host({ ...wellHost, oomKills: 3 }, counts(3)))).toEqual([])
})
