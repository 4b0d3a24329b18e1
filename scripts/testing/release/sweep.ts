import type { Bundle } from '../../release/content/release.ts'
import { findOpenRun } from '../../release/run/journal.ts'
import type { Before, Fault, Point, Scenario } from './points.ts'
import { describePoint, scenarios } from './points.ts'
import type { Deployer } from './start-deployer.ts'
import type { TestHost } from './test-host.ts'

/** Injects faults on an emulated Pi, point by point, and says what was wrong afterwards. */

export type Releases = Readonly<Record<'one' | 'two' | 'failing', Bundle>>

/** What a point showed; no fault is good. `left` is how the deployer ended. */
export type PointResult = {
  readonly point: string
  readonly faults: readonly string[]
  readonly left: string
  readonly ms: number
}

const HANG_MS = 1_200
const SHORT_MS = 500

/** Injects a fault while a deployer stands at its line, lets it go on, and ends the fault. Answers its exit code. */
const injectFault = async ({ pi, engineFails }: TestHost, deployer: Deployer, fault: Fault): Promise<number> => {
  const goOn = () => {
    deployer.go()
    return deployer.ended
  }
  const during = async (lasts: 'short' | 'long', end: () => unknown): Promise<number> => {
    const ended = goOn()
    if (lasts === 'short') await Promise.race([Bun.sleep(SHORT_MS), ended])
    else await ended
    await end()
    return ended
  }
  switch (fault.kind) {
    case 'kill':
      if (fault.after !== undefined) {
        deployer.go()
        await Bun.sleep(fault.after)
      }
      deployer.kill('SIGKILL')
      return deployer.ended
    case 'line': {
      if (typeof fault.how === 'object') {
        pi.link.cutAfter(fault.how.cut)
        return goOn().finally(() => pi.link.cutAfter(Number.POSITIVE_INFINITY))
      }
      pi.link.down(fault.how === 'gone' ? 'refuse' : 'hang')
      const ended = goOn()
      await (fault.how === 'gone' ? ended : Promise.race([Bun.sleep(HANG_MS), ended]))
      pi.link.up()
      return ended
    }
    case 'disk':
      await pi.disk?.fill()
      return during(fault.lasts, () => pi.disk?.free())
    case 'engine':
      engineFails(fault.how)
      return during(fault.lasts, () => engineFails(undefined))
    case 'power': {
      await pi.powerCut()
      const code = await goOn()
      await pi.restart()
      return code
    }
  }
}

const targets: Readonly<Record<Scenario, keyof Releases>> = {
  'first deploy': 'one',
  deploy: 'two',
  rollback: 'one',
  'failed deploy': 'failing',
}

const findState = async ({ observe }: TestHost, { one, two }: Releases): Promise<Before | 'other'> => {
  const { current } = await observe()
  if (current === undefined) return 'empty'
  if (current === one.release.id) return 'one'
  return current === two.release.id ? 'two' : 'other'
}

/** Brings a host without any fault to where a point begins. */
const reach = async (host: TestHost, releases: Releases, before: Before): Promise<void> => {
  if (before === 'empty') return host.clear()
  if (before === 'two') await host.deploy(releases.one)
  await host.deploy(releases[before])
}

/** Refusals of a rollback on a host that has nothing to go back to and nothing that was cut. */
const REFUSED = /has had no release before|runs no release/

const runNext = async (host: TestHost, releases: Releases, { scenario, next }: Point): Promise<readonly string[]> => {
  const before = await host.observe()
  const cut = findOpenRun(before.entries)
  const target = releases[targets[scenario]]
  if (next === 'rollback') {
    const { code, err } = await host.rollback()
    const { current } = await host.observe()
    if (cut !== undefined && cut.begin.to !== before.current && (current ?? null) !== cut.begin.from)
      return [`rollback left ${current ?? 'nothing'}, not ${cut.begin.from}: ${err.trim()}`]
    return code === 0 || (cut === undefined && REFUSED.test(err)) ? [] : [`rollback ended with ${code}: ${err.trim()}`]
  }
  try {
    await host.deploy(target)
  } catch (error) {
    return scenario === 'failed deploy' && String(error).includes('is back and healthy')
      ? []
      : [`deploy: ${String(error)}`]
  }
  const { current } = await host.observe()
  return current === target.release.id ? [] : [`deploy left ${current ?? 'nothing'}`]
}

/** Whatever is there now, to bring it once more is nothing to do. */
const runAgain = async (host: TestHost, releases: Releases): Promise<readonly string[]> => {
  const { current } = await host.observe()
  const there = Object.values(releases).find(({ release }) => release.id === current)
  if (there === undefined) return current === undefined ? [] : [`on ${current}, which is no release of the test`]
  const output = await host.deploy(there)
  return output.includes('nothing to do') ? [] : [`a deploy afterwards did something: ${output.trim()}`]
}

/** Runs one point on a host that stands where it begins. */
const runPoint = async (host: TestHost, releases: Releases, point: Point): Promise<PointResult> => {
  const began = performance.now()
  const deployer = host.deployer({
    kind: point.scenario === 'rollback' ? 'rollback' : 'deploy',
    bundle: releases[targets[point.scenario]],
    holdAt: point.at,
  })
  const waits = await deployer.waits
  const missed = waits === 'waits' ? [] : [`it never came to ${point.at}: ${deployer.lines().at(-1) ?? ''}`]
  const code = waits === 'waits' ? await injectFault(host, deployer, point.fault) : waits
  const faults = [
    ...missed,
    ...(await runNext(host, releases, point)),
    ...(await host.faults()),
    ...(await runAgain(host, releases)),
  ]
  const last = deployer.lines().at(-1) ?? ''
  return { point: describePoint(point), faults, left: `${code} ${last}`, ms: performance.now() - began }
}

/** Runs the points that are pending, in the order that moves the host least; several may share them. */
export const sweep = async (
  host: TestHost,
  releases: Releases,
  { pending, done }: { readonly pending: Point[]; readonly done: (result: PointResult) => void },
): Promise<void> => {
  while (pending.length > 0) {
    const now = await findState(host, releases)
    const fits = pending.findIndex(({ scenario }) => scenarios[scenario] === now)
    const [point] = pending.splice(Math.max(fits, 0), 1)
    if (point === undefined) return
    if (fits < 0) await reach(host, releases, scenarios[point.scenario])
    done(await runPoint(host, releases, point))
  }
}
