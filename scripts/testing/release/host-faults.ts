import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import { takeLease } from '../../host/lease.ts'
import type { Shell } from '../../host/shell.ts'
import { listMembers, type Release } from '../../release/content/release.ts'
import { differences, observeHost, readRelease } from '../../release/host/observe.ts'
import { findOpenRun } from '../../release/run/journal.ts'
import type { HostReleases } from '../../release/run/release-host.ts'
import type { Pi } from '../peers/pi/pi.ts'

/** What is not as the committed release says, past the product: by the engine and by files. */

/** Longest wait for what the engine itself has yet to find healthy, ms. */
const WELL_MS = 15_000

/** The committed release of a host. */
export const readCommitted = async (
  shell: Shell,
  dir: string,
  { current }: HostReleases,
): Promise<Release | undefined> => (current === undefined ? undefined : readRelease(shell, dir, current))

/** Image and state of every container, by name. */
export const listContainers = async ({ engine }: Pi): Promise<ReadonlyMap<string, string>> => {
  const out = await engine.answer(['ps', '--all', '--format', '{{.Names}}|{{.Image}} {{.State}}'])
  const lines = out.split('\n').filter(Boolean)
  return new Map(lines.map((line) => line.split('|') as [string, string])) // as the format says
}

const findMixed = async (pi: Pi, release: Release | undefined): Promise<readonly string[]> => {
  const members = release === undefined ? [] : listMembers(release)
  const expected = new Map(members.map(({ container, image }) => [container, `${image} running`]))
  const found = await listContainers(pi)
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((name) => expected.get(name) !== found.get(name))
    .map((name) => `mixed: ${name} is ${found.get(name) ?? 'missing'}, expected ${expected.get(name) ?? 'none'}`)
}

/** What keeps the next command from the lease. One that was killed leaves its own, which must be followed at once. */
const findStuck = async (shell: Shell, { dir, outside }: Pi, { entries }: HostReleases) => {
  const waits: string[] = []
  if (findOpenRun(entries) !== undefined) waits.push('a run is open')
  if (existsSync(outside(`${dir}/deploy/lease`)))
    try {
      const holder = { by: 'test', machine: hostname(), pid: process.pid, what: 'look' }
      const lease = await takeLease(shell, dir, holder, { onWait: (text) => waits.push(text) })
      await lease.release()
    } catch (error) {
      waits.push(String(error))
    }
  return waits.map((text) => `stuck: ${text}`)
}

const findUnwell = async (shell: Shell, release: Release | undefined): Promise<readonly string[]> => {
  if (release === undefined) return []
  const until = performance.now() + WELL_MS
  for (;;) {
    const left = await differences(shell, release)
    if (left.length === 0 || performance.now() > until) return left.map((one) => `unwell: ${one}`)
    await Bun.sleep(100)
  }
}

/** Everything that is wrong with a host: mixed releases, what is stuck, what is not well. */
export const findFaults = async (shell: Shell, pi: Pi): Promise<readonly string[]> => {
  const observed = await observeHost(shell, pi.dir)
  const release = await readCommitted(shell, pi.dir, observed)
  return [
    ...(await findMixed(pi, release)),
    ...(await findStuck(shell, pi, observed)),
    ...(await findUnwell(shell, release)),
  ]
}
