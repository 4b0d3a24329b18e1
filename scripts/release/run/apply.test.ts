import { describe, expect, test } from 'bun:test'
import type { Stack } from '#catalog'
import { caseCount, isFull, samplePoints } from '#common/testing/extent'
import { sampleRelease } from '../content/release.fixture.ts'
import type { Release } from '../content/release.ts'
import type { Trouble } from './fake-calls.fixture.ts'
import { type Behaviour, type FakeMachine, fakeMachine, findMixed } from './fake-machine.fixture.ts'
import { findOpenRun } from './journal.ts'
import { runFake } from './run.fixture.ts'
import { Undone } from './undo.ts'

/** All of this is on the FAKE host and the FAKE engine of fake-host.fixture.ts. */

const services = (version: number): Readonly<Record<Stack, Readonly<Record<string, number>>>> => ({
  core: { gate: 1, db: version },
  sessions: { cut: version, seal: 1, tree: version },
  blockchain: { vm: version },
  integration: version > 1 ? { page: version } : {},
})
const one = sampleRelease({ id: 'r-1', services: services(1), migrations: { seal: { version: 1, irreversible: [] } } })
const two = sampleRelease({ id: 'r-2', services: services(2), migrations: { seal: { version: 1, irreversible: [] } } })
const three = sampleRelease({
  id: 'r-3',
  services: services(3),
  migrations: { seal: { version: 2, irreversible: [2] } },
})

const machineOn = async (...releases: readonly Release[]): Promise<FakeMachine> => {
  const machine = fakeMachine()
  machine.documents.set('seal', 1)
  for (const release of releases) expect((await runFake(machine, release)).outcome).toBe('done')
  return machine
}

/** What must be true of a machine when a command has ended and no trouble is left. */
const faultsOf = (machine: FakeMachine): readonly string[] => {
  const current = machine.current === undefined ? undefined : machine.releases.get(machine.current)
  const version = current?.migrations['seal']?.version ?? 1
  return [
    ...findMixed(machine),
    ...(findOpenRun(machine.entries) === undefined ? [] : ['a run is open']),
    ...(machine.documents.get('seal') === version ? [] : ['documents are of another version']),
  ]
}

describe('a release', () => {
  test('comes onto an empty host stack by stack, each gated on health, and is committed last', async () => {
    const machine = fakeMachine()
    const { outcome, calls } = await runFake(machine, two)
    expect(outcome).toBe('done')
    expect(calls.filter((call) => /^(?:up|putFiles|bringImages|prepare|commit)/.test(call))).toEqual([
      'putFiles',
      'bringImages',
      'prepare',
      'up core',
      'up sessions',
      'up blockchain',
      'up integration',
      'commit',
    ])
    expect(machine.current).toBe('r-2')
    expect(findMixed(machine)).toEqual([])
  })

  test('that is there already starts no container again', async () => {
    const machine = await machineOn(two)
    const started = machine.started
    expect((await runFake(machine, two)).outcome).toBe('done')
    expect(machine.started).toBe(started)
  })

  test('takes away what the new one no longer has', async () => {
    const machine = await machineOn(two, one)
    expect([...machine.containers.keys()].sort()).toEqual(['cut', 'db', 'gate', 'seal', 'tree', 'vm'])
  })

  test('that crosses a migration keeps a snapshot; if it fails, the documents come back with it', async () => {
    const machine = await machineOn(one)
    const { outcome, error } = await runFake(machine, three, {
      behaviour: (id, service) => (id === 'r-3' && service === 'vm' ? 'exits' : 'good'),
    })
    expect(outcome).toBe('failed')
    expect(String(error)).toContain(
      'vm: it ended 3 times while starting: exit code 1; r-1 is back and healthy, with the documents from before the migration',
    )
    expect(machine.current).toBe('r-1')
    expect(faultsOf(machine)).toEqual([])
  })
})

describe('a service that breaks puts the whole release back, and is named with its last words', () => {
  const ways: readonly (readonly [Behaviour, string])[] = [
    ['exits', 'it ended 3 times while starting: exit code 1'],
    ['never-healthy', 'not healthy after 60 s'],
    ['crash-loops', 'it was healthy and then started again by itself'],
    ['out-of-memory', 'it ran out of memory and was ended by the kernel'],
  ]
  for (const [way, why] of ways)
    for (const broken of ['gate', 'db', 'cut', 'seal', 'tree', 'vm', 'page'])
      test(`${broken} ${way}`, async () => {
        const machine = await machineOn(one)
        // gate and seal are not changed by the new release, so they break by themselves.
        const changed = sampleRelease({
          id: 'r-9',
          services: { ...services(2), core: { gate: 9, db: 9 }, sessions: { cut: 9, seal: 9, tree: 9 } },
          migrations: one.migrations,
        })
        const { error } = await runFake(machine, changed, {
          behaviour: (id, service) => (id === 'r-9' && service === broken ? way : 'good'),
        })
        expect(error).toBeInstanceOf(Undone)
        expect(String(error)).toBe(`Undone: ${broken}: ${why}; r-1 is back and healthy`)
        expect((error as Undone).details).toEqual([`last words of ${broken}`])
        expect(machine.current).toBe('r-1')
        expect(faultsOf(machine)).toEqual([])
      })
})

const kinds = ['kill', 'connection', 'disk-full', 'engine-error'] as const
const whens = ['before', 'half', 'after'] as const

/**
 * A third of the calls in a check, another one in each sweep, so that each is met in some of them; `--full` takes all.
 */
const sampleCalls = <T>(calls: Iterable<T>, sweep: number): readonly T[] =>
  samplePoints(isFull ? calls : [...calls].filter((_, at) => (at + sweep) % 3 === 0))

/** Random schedules; three times as many with `--full`. */
const SCHEDULES = caseCount(isFull ? 2_000 : 700)

describe('trouble at every call of a run', () => {
  const sweeps: readonly (readonly [
    string,
    readonly Release[],
    Release,
    { readonly kind: 'deploy' | 'rollback'; readonly documents?: 'rewind' },
  ])[] = [
    ['a first deploy', [], two, { kind: 'deploy' }],
    ['a deploy', [one], two, { kind: 'deploy' }],
    ['a deploy with a migration', [one], three, { kind: 'deploy' }],
    ['a rollback', [one, two], one, { kind: 'rollback' }],
    ['a rollback with a snapshot', [one, three], one, { kind: 'rollback', documents: 'rewind' }],
  ]
  for (const [sweep, [name, before, to, command]] of sweeps.entries())
    test(`${name}: the next command finds a whole release, and nothing is stuck`, async () => {
      const { calls } = await runFake(await machineOn(...before), to, command)
      let points = 0
      for (const [at] of sampleCalls(calls.entries(), sweep))
        for (const trouble of kinds)
          for (const when of whens)
            for (const length of [1, 1_000]) {
              const machine = await machineOn(...before)
              const troubles: readonly Trouble[] = [{ at, kind: trouble, when, calls: length }]
              const label = `${calls[at]} (${at}) ${trouble} ${when} x ${length}`
              const { outcome } = await runFake(machine, to, { ...command, troubles })
              // Whatever the first command said, one that ended by itself left a whole release or an open run.
              if (outcome === 'done') expect([label, faultsOf(machine)]).toEqual([label, []])
              else if (findOpenRun(machine.entries) === undefined)
                expect([label, faultsOf(machine)]).toEqual([label, []])
              // The next command is the same again, or one back to what was there.
              const then = points % 4 < 2 ? to : (before.at(-1) ?? to)
              const next = await runFake(machine, then, then === to ? command : { kind: 'deploy' })
              expect([label, next.outcome, next.error]).toEqual([label, 'done', undefined])
              expect([label, faultsOf(machine), machine.current]).toEqual([label, [], then.id])
              points += 1
            }
      console.log(`${name}, fake engine: ${points} points, 0 mixed releases, 0 stuck`)
      expect(points).toBeGreaterThan(caseCount(200))
    })
})

describe('trouble at every call of a run, and then a command back to what was there', () => {
  for (const [name, to, sweep] of [
    ['a deploy', two, 0],
    ['a deploy with a migration', three, 1],
  ] as const)
    test(`${name}: finds that release whole, and its documents`, async () => {
      const { calls } = await runFake(await machineOn(one), to)
      for (const [at] of sampleCalls(calls.entries(), sweep))
        for (const trouble of kinds)
          for (const when of whens) {
            const machine = await machineOn(one)
            const label = `${calls[at]} (${at}) ${trouble} ${when}`
            const { outcome } = await runFake(machine, to, { troubles: [{ at, kind: trouble, when, calls: 1_000 }] })
            // From a release whose migration cannot be undone nobody goes back so: bun run rollback refuses.
            if (machine.current === to.id) continue
            expect([label, outcome]).not.toEqual([label, 'done'])
            const next = await runFake(machine, one)
            expect([label, next.outcome, next.error]).toEqual([label, 'done', undefined])
            expect([label, faultsOf(machine), machine.current]).toEqual([label, [], one.id])
          }
    })
})

/** The release whose services all run on documents of their own shape: it takes in what comes. */
const serving = (machine: FakeMachine, releases: readonly Release[]): Release | undefined =>
  releases.find((release) => {
    const members = release.stacks.flatMap((stack) => stack.members)
    const isWhole = members.every(({ container, image }) => {
      const there = machine.containers.get(container)
      return there?.running === true && there.image === image
    })
    return isWhole && machine.documents.get('seal') === release.migrations['seal']?.version
  })

test('what a whole release takes in after a command was cut is there after the next one, over a migration too', async () => {
  const broken = (id: string, service: string): Behaviour =>
    id === 'r-3' && service === 'page' ? 'never-healthy' : 'good'
  const seen = { 'r-1': 0, 'r-3': 0 }
  for (const behaviour of [undefined, broken]) {
    const { calls } = await runFake(await machineOn(one), three, behaviour && { behaviour })
    for (const [at] of calls.entries()) {
      const machine = await machineOn(one)
      const troubles: readonly Trouble[] = [{ at, kind: 'kill', when: 'after', calls: 1 }]
      await runFake(machine, three, { troubles, ...(behaviour && { behaviour }) })
      const release = serving(machine, [one, three])
      // One that never becomes well is given up, with what it took in: nothing else is left to do.
      if (release === undefined || (release === three && behaviour !== undefined)) continue
      seen[release.id as keyof typeof seen] += 1 // one of these two
      machine.documents.set('taken in', at)
      const next = await runFake(machine, three)
      expect([calls[at], at, next.outcome]).toEqual([calls[at], at, 'done'])
      expect([calls[at], at, release.id, machine.documents.get('taken in')]).toEqual([calls[at], at, release.id, at])
    }
  }
  // Both were to be seen, or this has shown nothing.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(5)
})

/** mulberry32: the same schedule for the same seed. */
const randomOf = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

test('random schedules of commands and troubles leave no mixed release and nothing stuck', async () => {
  const ways: readonly Behaviour[] = ['good', 'good', 'exits', 'never-healthy', 'crash-loops', 'out-of-memory']
  const releases = [one, two, sampleRelease({ id: 'r-4', services: services(4), migrations: one.migrations })]
  const seen = { done: 0, killed: 0, failed: 0 }
  for (let seed = 1; seed <= SCHEDULES; seed++) {
    const random = randomOf(seed)
    const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T // never empty
    const machine = fakeMachine()
    machine.documents.set('seal', 1)
    for (let command = 0; command < 2 + random(5); command++) {
      const to = pick(releases)
      const way = pick(ways)
      const victim = pick(['gate', 'db', 'cut', 'seal', 'tree', 'vm', 'page'])
      const troubles = Array.from(
        { length: random(3) },
        (): Trouble => ({ at: random(90), kind: pick(kinds), when: pick(whens), calls: pick([1, 1, 3, 1_000]) }),
      )
      const { outcome } = await runFake(machine, to, {
        troubles,
        behaviour: (id, service) => (id === to.id && service === victim && machine.current !== to.id ? way : 'good'),
      })
      seen[outcome] += 1
      if (findOpenRun(machine.entries) === undefined && outcome !== 'killed')
        expect([seed, command, findMixed(machine)]).toEqual([seed, command, []])
    }
    const last = pick(releases)
    const { outcome, error } = await runFake(machine, last)
    expect([seed, outcome, error]).toEqual([seed, 'done', undefined])
    expect([seed, faultsOf(machine), machine.current]).toEqual([seed, [], last.id])
  }
  console.log(
    `${SCHEDULES} schedules, fake engine: ${JSON.stringify(seen)} commands with trouble, 0 mixed releases, 0 stuck`,
  )
})

/** Changes something behind the back of the release that a machine has; answers what, for the message of a test. */
const changeByHand = (machine: FakeMachine, pick: <T>(list: readonly T[]) => T): string => {
  const names = [...machine.containers.keys()]
  const [name, id] = [pick(names.length > 0 ? names : ['nobody']), pick(['r-1', 'r-2'])]
  const container = machine.containers.get(name)
  const ways = {
    edited: () => machine.edited.add(id),
    altered: () => container && machine.containers.set(name, { ...container, altered: true }),
    paused: () => container && machine.containers.set(name, { ...container, paused: true }),
    gone: () => machine.containers.delete(name),
  }
  const way = pick(Object.keys(ways) as (keyof typeof ways)[]) // its own keys
  ways[way]()
  return `${way} ${way === 'edited' ? id : name}`
}

describe('what was changed by hand', () => {
  const spoil = (machine: FakeMachine): void => {
    const [cut, seal] = [machine.containers.get('cut'), machine.containers.get('seal')]
    if (cut === undefined || seal === undefined) throw new Error('the release has both')
    machine.containers.set('cut', { ...cut, altered: true })
    machine.containers.set('seal', { ...seal, paused: true })
    machine.edited.add('r-1').add('r-2')
  }

  test('is put right by the same release again, which starts nothing else', async () => {
    const machine = await machineOn(two)
    spoil(machine)
    const started = machine.started
    expect((await runFake(machine, two)).outcome).toBe('done')
    expect([faultsOf(machine), machine.started - started, machine.edited.has('r-2')]).toEqual([[], 1, false])
  })

  test('is never applied by a rollback, nor by the way back of a release that fails', async () => {
    for (const [to, kind, behaviour] of [
      [one, 'rollback', 'good'],
      [three, 'deploy', 'exits'],
    ] as const) {
      const machine = await machineOn(one, two)
      spoil(machine)
      const { outcome } = await runFake(machine, to, {
        kind,
        behaviour: (id, service) => (id === 'r-3' && service === 'vm' ? behaviour : 'good'),
      })
      expect([to.id, outcome]).toEqual([to.id, kind === 'rollback' ? 'done' : 'failed'])
      expect([faultsOf(machine), machine.current]).toEqual([[], kind === 'rollback' ? 'r-1' : 'r-2'])
    }
  })

  test('is found by whatever command comes next, and after any trouble, in random schedules', async () => {
    for (let seed = 1; seed <= SCHEDULES / 4; seed++) {
      const random = randomOf(seed)
      const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T // never empty
      const machine = await machineOn(one)
      const label = [seed, 'schedule'].join(' ')
      for (let command = 0; command < 3; command++) {
        const what = Array.from({ length: random(4) }, () => changeByHand(machine, pick))
        const troubles = [{ at: random(60), kind: pick(kinds), when: pick(whens), calls: pick([1, 1_000]) }]
        const { outcome } = await runFake(machine, pick([one, two]), { troubles })
        if (outcome === 'done') expect([label, what, findMixed(machine)]).toEqual([label, what, []])
      }
      const last = pick([one, two])
      const { outcome, error } = await runFake(machine, last)
      expect([label, outcome, error]).toEqual([label, 'done', undefined])
      expect([label, faultsOf(machine)]).toEqual([label, []])
    }
  })
})

test('a second deployer that took over fences the first off: it does nothing more', async () => {
  const machine = await machineOn(one)
  const first = runFake(machine, two, { behaviour: () => 'never-healthy' })
  const second = await runFake(machine, one)
  expect(second.outcome).toBe('done')
  expect(String((await first).error)).toContain('another command took over')
  expect(faultsOf(machine)).toEqual([])
  expect(machine.current).toBe('r-1')
})
