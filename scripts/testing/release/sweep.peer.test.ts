import { afterAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duration } from '#common/cli/format'
import { Undone } from '../../release/run/undo.ts'
import { fewPoints, listPoints, type Point } from './points.ts'
import { brokenTags, oneTags, onlyStacks, type Tags, twoTags } from './small-release.ts'
import { type PointResult, type Releases, sweep } from './sweep.ts'
import { openTestHost, type TestHost } from './test-host.ts'

/**
 * The promises of run.test.ts on a real shell, a real engine and a real sshd: those of the emulated Pi. The services
 * are TINY images that do as they are told.
 */

// Only a hang is ended by it; a whole sweep takes its time.
const HANG = 7_200_000
setDefaultTimeout(HANG)

const full = process.env['LUCID_FULL'] === '1'
/** Emulated Pis that share the points of a whole sweep: a point waits more than it works. */
const HOSTS = full ? 2 : 1
const DISK = 192 * 2 ** 20

const limitTags = (tags: Tags): Tags => (full ? tags : onlyStacks(tags, ['core', 'sessions']))
const makeReleases = (host: TestHost): Releases => ({
  one: host.release(limitTags(oneTags)),
  two: host.release(limitTags(twoTags)),
  failing: host.release(limitTags({ ...twoTags, sessions: { ...twoTags.sessions, cut: 'exit' } })),
})

const folder = mkdtempSync(join(tmpdir(), 'lucid-sweep-'))
const hosts: TestHost[] = []
const absent: string[] = []
for (let n = 0; n < HOSTS; n++) {
  mkdirSync(join(folder, `${n}`))
  const host = await openTestHost(join(folder, `${n}`), { diskBytes: DISK })
  if ('absent' in host) absent.push(host.absent)
  else hosts.push(host)
}
const [first] = hosts
if (absent[0] !== undefined) console.log(`NOT RUN: ${absent[0]} (a deployer against the emulated Pi)`)
if (!full)
  console.log(
    'NOT RUN: only with --full: a fault at every line of the journal, and every service broken in four ways (a deployer against the emulated Pi); a few of each are run',
  )

afterAll(async () => {
  for (const host of hosts) await host.stop()
  rmSync(folder, { recursive: true, force: true })
})

const listPending = ({ one, two, failing }: Releases): Point[] =>
  full ? [...listPoints({ one: one.release, two: two.release, failing: failing.release })] : [...fewPoints]

/** How a service breaks: what the gate may say of it, and its last words. */
const ways = [
  ['exit', /: it ended \d times while starting(?:: exit code 3)?;/, 'ending as told'],
  ['sick', /: not healthy after 20 s;/, 'sick'],
  // The engine starts it again within a tenth of a second, so a look may find it running anew.
  ['crash', /: it (?:was healthy and then|ended \d times while starting)/, 'crashing as told'],
  ['memory', /: it (?:ran out of memory|was healthy and then)/, 'taking memory'],
] as const

describe.skipIf(first === undefined)('a deployer against the emulated Pi', () => {
  if (first === undefined) {
    test.skip(absent[0] ?? '', () => {})
    return
  }
  const releases = makeReleases(first)

  test('hit by a fault at a line of its journal leaves what the next command makes whole, and nothing stuck', async () => {
    const began = performance.now()
    const pending = listPending(releases)
    const count = pending.length
    const all: PointResult[] = []
    const done = (result: PointResult) => {
      all.push(result)
      for (const fault of result.faults) console.log(`${result.point}: ${fault} (${result.left})`)
      if (all.length % 20 === 0) console.log(`${all.length} of ${count} points, ${duration(performance.now() - began)}`)
    }
    await Promise.all(hosts.map((host) => sweep(host, makeReleases(host), { pending, done })))
    const having = (word: string) => all.filter(({ faults }) => faults.some((one) => one.startsWith(word))).length
    console.log(
      `${all.length} fault points, emulated Pi, tiny images: ${having('mixed')} mixed releases, ${having('stuck')} stuck, ${duration(performance.now() - began)}`,
    )
    expect(all.filter(({ faults }) => faults.length > 0)).toEqual([])
    expect(all.length).toBe(count)
    if (full) expect(count).toBeGreaterThan(200)
  })

  test('beside another one is refused, and told who is at work', async () => {
    await first.deploy(releases.one)
    const sick = first.release(brokenTags(limitTags(twoTags), 'gate', 'sick'))
    // Its lease is short, so it must show itself while it only waits for a service.
    const at = first.deployer({ kind: 'deploy', bundle: sick, leaseS: 12 })
    await at.says('point health:core start')
    const { code, err } = await first.rollback()
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/pi is being changed by test@\S+ \(deploy r-[0-9a-f]{12}\): wait until it is done/),
    })
    at.kill('SIGKILL')
    expect(await at.ended).toBe(137)
    expect(await first.rollback()).toMatchObject({ code: 0 })
    expect(await first.faults()).toEqual([])
    expect((await first.observe()).current).toBe(releases.one.release.id)
  })

  /** Long enough to be renewed on a busy machine, short enough to outwait. */
  const LEASE_S = 10
  test('that was stopped for longer than its lease can do nothing when it goes on', async () => {
    await first.deploy(releases.one)
    const late = first.deployer({ kind: 'deploy', bundle: releases.two, leaseS: LEASE_S, holdAt: 'up:sessions start' })
    expect(await late.waits).toBe('waits')
    late.kill('SIGSTOP')
    const next = first.deployer({ kind: 'deploy', bundle: releases.one, leaseS: LEASE_S })
    expect([await next.ended, next.lines().filter((line) => line.startsWith('ended'))]).toEqual([0, []])
    const before = await first.observe()
    late.kill('SIGCONT')
    late.go()
    expect(await late.ended).toBe(1)
    expect(late.lines().at(-1)).toContain('another command took over')
    expect(await first.observe()).toEqual(before)
    expect(await first.faults()).toEqual([])
  })

  const services = full ? Object.values(twoTags).flatMap((all) => Object.keys(all)) : undefined
  const broken = ways.flatMap((way, n) =>
    (services ?? [['gate', 'cut'][n % 2] ?? 'gate']).map((one) => [one, way] as const),
  )
  for (const [service, [way, why, lastWords]] of broken)
    test(`whose new ${service} breaks (${way}) puts the whole release back, which serves`, async () => {
      await first.deploy(releases.one)
      let found = Number.NaN
      const error: unknown = await first
        .deploy(first.release(brokenTags(limitTags(twoTags), service, way)), {
          // The other services have to be well within it, however busy the machine is.
          limitMs: 20_000,
          settleMs: 8_000,
          onText: (text) => {
            if (text.includes('putting ') && Number.isNaN(found)) found = performance.now()
          },
        })
        .catch((thrown: unknown) => thrown)
      const ms = performance.now() - found
      expect(error).toBeInstanceOf(Undone)
      const { message, details } = error as Undone // the line above
      expect(message).toStartWith(`${service}: `)
      expect(message).toMatch(why)
      expect(message).toEndWith(`; ${releases.one.release.id} is back and healthy`)
      expect(details.join('\n')).toContain(lastWords)
      expect(await first.faults()).toEqual([])
      for (const name of Object.values(limitTags(oneTags)).flatMap((all) => Object.keys(all))) {
        const page = await first.pi.engine.run(['exec', name, 'wget', '-q', '-O', '-', 'http://127.0.0.1:8080/'])
        expect([name, page.out]).toEqual([name, '1'])
      }
      console.log(`${service} ${way}, emulated Pi: found, and the old release back ${duration(ms)} later: ${message}`)
    })
})
