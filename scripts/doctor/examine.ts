import { stacks } from '#catalog'
import { errorMessage } from '#common/process/error'
import { CliError } from '../cli/fail.ts'
import { ConnectionLost, type Shell } from '../host/shell.ts'
import { atWork, expectedOf, projectsOf } from './expect.ts'
import { containersOf, type Facts, factsOf } from './facts.ts'
import { engineTrouble } from './host-facts.ts'
import { firstLook } from './look/first.ts'
import type { Dial } from './look/inside.ts'
import { type Closer, secondLook } from './look/second.ts'
import { parsed } from './read.ts'
import { isFine, pairs, running } from './rules/rule.ts'
import { sections } from './sections.ts'
import { probeImages } from './wanted.ts'

/** The host could not be looked at: not reached, or it has no engine that answers. */
export const EXIT_BLIND = 2

/** Longest time of a look, ms: an engine that hangs must not take the doctor with it. */
const LOOK_MS = 60_000

/** What must be reached from a container: the ports of what it needs, by their names inside the networks. */
const dialsOf = (facts: Facts): Readonly<Record<string, readonly Dial[]>> => {
  const seen = new Set<string>()
  const up = running(facts).filter(({ want }) => want.shares === undefined && want.networks.length > 0)
  const chosen = up.filter(({ want, container }) => {
    const place = [...want.networks].sort().join()
    if (want.needs.length === 0 || (seen.has(place) && isFine({ want, container }))) return false
    seen.add(place)
    return true
  })
  return Object.fromEntries(
    chosen.flatMap(({ want }) => {
      // One container stands for all on the same networks: it tries what any of them needs.
      const alike = up.filter((one) => one.want.networks.every((name) => want.networks.includes(name)))
      const needs = new Set(alike.flatMap((one) => one.want.needs))
      const dials = running(facts)
        .filter(
          ({ want: { name, networks } }) =>
            needs.has(name) && networks.some((one) => want.networks.includes(one)),
        )
        .flatMap(({ want: { container, ports } }) => {
          const [first] = ports
          return first === undefined ? [] : [{ host: container, port: first.target }]
        })
      return dials.length === 0 ? [] : [[want.container, dials] as const]
    }),
  )
}

const closerOf = (facts: Facts, probes: readonly string[]): Closer => {
  const all = pairs(facts)
  return {
    images: [...new Set(all.map(({ want }) => want.image))],
    logs: all.flatMap((pair) => (pair.container === undefined || isFine(pair) ? [] : [pair.container.name])),
    files: [...new Set(all.flatMap(({ want }) => want.files.map(({ path }) => path)))],
    dials: dialsOf(facts),
    ports: running(facts)
      .flatMap(({ want }) => want.ports.map(({ host }) => host))
      .filter((port) => port > 0),
    volumes: (facts.wanted?.volumes ?? [])
      .filter((name) => facts.volumes.includes(name))
      .map((name) => ({
        name,
        uid: all.find(({ want }) => want.volumes.some((one) => one.name === name))?.want.uid ?? 0,
      })),
    probes,
    root: facts.host.engine.root,
  }
}

export type Glance = {
  readonly facts: Facts
  readonly atWork: string | undefined
  /** Images that can look inside networks and volumes, best first. */
  readonly probes: readonly string[]
  /** The same with a closer look added. */
  readonly closer: (second: ReadonlyMap<string, string>) => Facts
}

const asked = async (shell: Shell, script: string): Promise<ReadonlyMap<string, string>> => {
  const { code, out, err } = await shell.run(script, { timeoutMs: LOOK_MS }).catch((error: unknown) => {
    const details = error instanceof ConnectionLost ? error.details : []
    throw new CliError(errorMessage(error), {
      exitCode: EXIT_BLIND,
      details,
    })
  })
  if (code !== 0)
    throw new CliError(`${shell.name}: ${err.trim().split('\n').at(-1)}`, { exitCode: EXIT_BLIND })
  return sections(out)
}

type Clock = { readonly now: () => number }
type How = Clock & { readonly counters: 'twice' | 'never' }

/** The first look at a host; what only counters say takes a second more. Throws CliError with exit code EXIT_BLIND when it cannot be looked at. */
export const glance = async (shell: Shell, dir: string, { now, counters }: How): Promise<Glance> => {
  // The line is opened before the clock is asked: that takes longer than the question.
  await asked(shell, ':')
  const before = now()
  const clock = await asked(shell, 'printf "\\n== date\\n"; date +%s')
  const middle = (before + now()) / 2000
  const first = new Map([...(await asked(shell, firstLook(dir, { stacks, counters }))), ...clock])
  const trouble = engineTrouble(first)
  if (trouble !== undefined)
    throw new CliError(`${shell.name}: ${trouble}; on the host: sudo systemctl start docker`, {
      exitCode: EXIT_BLIND,
    })
  const projects = projectsOf(containersOf(first))
  const { files, wanted, gaps } = expectedOf(first, { dir, projects })
  const context = { dir, now: middle, wanted, gaps }
  return {
    facts: factsOf(first, undefined, context),
    atWork: atWork(first),
    probes: probeImages(files, parsed(first.get('release') ?? '')),
    closer: (second) => factsOf(first, second, context),
  }
}

/** Looks at a host twice: at what there is, then closer at what should be there. Changes nothing. Throws as `glance` does. */
export const examine = async (shell: Shell, dir: string, clock: Clock): Promise<Omit<Glance, 'closer'>> => {
  const { closer, ...seen } = await glance(shell, dir, { ...clock, counters: 'twice' })
  if (seen.facts.wanted === undefined) return seen
  const second = await asked(shell, secondLook(closerOf(seen.facts, seen.probes)))
  return { ...seen, facts: closer(second) }
}
