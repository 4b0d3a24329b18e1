import type { Bundle } from '../../release/content/release.ts'
import { openRun } from '../../release/run/journal.ts'
import type { Before, Point, Scenario, Trouble } from './points.ts'
import { scenarios, wordsOf } from './points.ts'
import type { Stage } from './stage.ts'
import type { Deployer } from './start-deployer.ts'

/** Plays points of trouble on a stand-in and says what was wrong afterwards. */

export type Releases = Readonly<Record<'one' | 'two' | 'failing', Bundle>>

/** What a point showed; no fault is good. `left` is how the troubled deployer ended. */
export type Played = {
  readonly point: string
  readonly faults: readonly string[]
  readonly left: string
  readonly ms: number
}

const HANG_MS = 1_200
const SHORT_MS = 500

/** Does the trouble to a deployer that stands at its line, lets it go on, and ends the trouble. Answers its exit code. */
const inflict = async ({ pi, engineFails }: Stage, deployer: Deployer, trouble: Trouble): Promise<number> => {
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
  switch (trouble.kind) {
    case 'kill':
      if (trouble.after !== undefined) {
        deployer.go()
        await Bun.sleep(trouble.after)
      }
      deployer.kill('SIGKILL')
      return deployer.ended
    case 'line': {
      if (typeof trouble.how === 'object') {
        pi.link.cutAfter(trouble.how.cut)
        return goOn().finally(() => pi.link.cutAfter(Number.POSITIVE_INFINITY))
      }
      pi.link.down(trouble.how === 'gone' ? 'refuse' : 'hang')
      const ended = goOn()
      await (trouble.how === 'gone' ? ended : Promise.race([Bun.sleep(HANG_MS), ended]))
      pi.link.up()
      return ended
    }
    case 'disk':
      await pi.disk?.fill()
      return during(trouble.lasts, () => pi.disk?.free())
    case 'engine':
      engineFails(trouble.how)
      return during(trouble.lasts, () => engineFails(undefined))
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

const beforeOf = async ({ observe }: Stage, { one, two }: Releases): Promise<Before | 'other'> => {
  const { current } = await observe()
  if (current === undefined) return 'empty'
  if (current === one.release.id) return 'one'
  return current === two.release.id ? 'two' : 'other'
}

/** Brings a host without trouble to where a point begins. */
const reach = async (stage: Stage, releases: Releases, before: Before): Promise<void> => {
  if (before === 'empty') return stage.clear()
  if (before === 'two') await stage.deploy(releases.one)
  await stage.deploy(releases[before])
}

/** Refusals of a rollback on a host that has nothing to go back to and nothing that was cut. */
const REFUSED = /has had no release before|runs no release/

const playNext = async (
  stage: Stage,
  releases: Releases,
  { scenario, next }: Point,
): Promise<readonly string[]> => {
  const before = await stage.observe()
  const cut = openRun(before.entries)
  const target = releases[targets[scenario]]
  if (next === 'rollback') {
    const { code, err } = await stage.rollback()
    const { current } = await stage.observe()
    if (cut !== undefined && cut.begin.to !== before.current && (current ?? null) !== cut.begin.from)
      return [`rollback left ${current ?? 'nothing'}, not ${cut.begin.from}: ${err.trim()}`]
    return code === 0 || (cut === undefined && REFUSED.test(err))
      ? []
      : [`rollback ended with ${code}: ${err.trim()}`]
  }
  try {
    await stage.deploy(target)
  } catch (error) {
    return scenario === 'failed deploy' && String(error).includes('is back and healthy')
      ? []
      : [`deploy: ${String(error)}`]
  }
  const { current } = await stage.observe()
  return current === target.release.id ? [] : [`deploy left ${current ?? 'nothing'}`]
}

/** Whatever is there now, to bring it once more is nothing to do. */
const playAgain = async (stage: Stage, releases: Releases): Promise<readonly string[]> => {
  const { current } = await stage.observe()
  const there = Object.values(releases).find(({ release }) => release.id === current)
  if (there === undefined) return current === undefined ? [] : [`on ${current}, which nobody wanted`]
  const said = await stage.deploy(there)
  return said.includes('nothing to do') ? [] : [`a deploy afterwards did something: ${said.trim()}`]
}

/** Plays one point on a host that stands where it begins. */
export const play = async (stage: Stage, releases: Releases, point: Point): Promise<Played> => {
  const began = performance.now()
  const deployer = stage.deployer({
    kind: point.scenario === 'rollback' ? 'rollback' : 'deploy',
    bundle: releases[targets[point.scenario]],
    holdAt: point.at,
  })
  const held = await deployer.held
  const missed = held === 'held' ? [] : [`it never came to ${point.at}: ${deployer.lines().at(-1) ?? ''}`]
  const code = held === 'held' ? await inflict(stage, deployer, point.trouble) : held
  const faults = [
    ...missed,
    ...(await playNext(stage, releases, point)),
    ...(await stage.faults()),
    ...(await playAgain(stage, releases)),
  ]
  const last = deployer.lines().at(-1) ?? ''
  return { point: wordsOf(point), faults, left: `${code} ${last}`, ms: performance.now() - began }
}

/** Plays the points that are pending, in the order that moves the host least; several may share them. */
export const sweep = async (
  stage: Stage,
  releases: Releases,
  { pending, done }: { readonly pending: Point[]; readonly done: (played: Played) => void },
): Promise<void> => {
  while (pending.length > 0) {
    const now = await beforeOf(stage, releases)
    const fits = pending.findIndex(({ scenario }) => scenarios[scenario] === now)
    const [point] = pending.splice(Math.max(fits, 0), 1)
    if (point === undefined) return
    if (fits < 0) await reach(stage, releases, scenarios[point.scenario])
    done(await play(stage, releases, point))
  }
}
