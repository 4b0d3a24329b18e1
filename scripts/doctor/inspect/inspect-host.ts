import { errorMessage } from '#common/process/error'
import { CliError } from '../../cli/fail.ts'
import { collectFacts } from '../../host/collect.ts'
import { ConnectionLost } from '../../host/connection.ts'
import type { Shell } from '../../host/shell.ts'
import { listProbeImages } from '../../release/expected/compose.ts'
import { readExpectation } from '../expected.ts'
import { addCloser, type DiagnosedHost, type Facts, makeFacts } from '../facts.ts'
import { isFine, matchContainers, selectRunning } from '../rules/rule.ts'
import { parseCloser } from './closer-facts.ts'
import { type CloserQuestions, closerScript } from './closer-script.ts'
import type { Dial } from './inside.ts'

/** The host could not be inspected: not reached, or it has no engine that answers. */
export const EXIT_BLIND = 2

/** Longest time of the closer inspection, ms: an engine that hangs must not take the doctor with it. */
const CLOSER_MS = 60_000

/** What must be reached from a container: the ports of what it needs, by their names inside the networks. */
const chooseDials = (facts: Facts): Readonly<Record<string, readonly Dial[]>> => {
  const covered = new Set<string>()
  const running = selectRunning(facts)
  const inNetworks = running.filter(({ expected }) => expected.shares === undefined && expected.networks.length > 0)
  const callers = inNetworks.filter(({ expected, container }) => {
    const place = [...expected.networks].sort().join()
    if (expected.needs.length === 0 || (covered.has(place) && isFine({ expected, container }))) return false
    covered.add(place)
    return true
  })
  return Object.fromEntries(
    callers.flatMap(({ expected }) => {
      // One container stands for all on the same networks: it tries what any of them needs.
      const alike = inNetworks.filter((one) => one.expected.networks.every((name) => expected.networks.includes(name)))
      const needs = new Set(alike.flatMap((one) => one.expected.needs))
      const dials = running
        .filter(
          ({ expected: { name, networks } }) =>
            needs.has(name) && networks.some((one) => expected.networks.includes(one)),
        )
        .flatMap(({ expected: { container, ports } }) => {
          const [first] = ports
          return first === undefined ? [] : [{ host: container, port: first.target }]
        })
      return dials.length === 0 ? [] : [[expected.container, dials] as const]
    }),
  )
}

const chooseQuestions = (facts: Facts, probes: readonly string[]): CloserQuestions => {
  const all = matchContainers(facts)
  const { engine, readiness } = facts.host
  return {
    images: [...new Set(all.map(({ expected }) => expected.image))],
    logs: all.flatMap((pair) => (pair.container === undefined || isFine(pair) ? [] : [pair.container.name])),
    files: [...new Set(all.flatMap(({ expected }) => expected.files.map(({ path }) => path)))],
    dials: chooseDials(facts),
    ports: selectRunning(facts)
      .flatMap(({ expected }) => expected.ports.map(({ host }) => host))
      .filter((port) => port > 0),
    volumes: (facts.expected?.volumes ?? [])
      .filter((name) => readiness.volumes.includes(name))
      .map((name) => ({
        name,
        uid: all.find(({ expected }) => expected.volumes.some((one) => one.name === name))?.expected.uid ?? 0,
      })),
    probes,
    root: engine.is === 'up' ? engine.root : '',
  }
}

/** Turns what keeps us from inspecting a host into the one exit code for it. */
const orBlind = async <T>(work: Promise<T>): Promise<T> =>
  work.catch((error: unknown) => {
    const details = error instanceof ConnectionLost ? error.details : []
    throw new CliError(errorMessage(error), { exitCode: EXIT_BLIND, details })
  })

/** Why the engine answers nothing; undefined when it does. */
export const explainEngine = ({ engine }: Pick<DiagnosedHost, 'engine'>): string | undefined => {
  if (engine.is === 'absent') return 'docker is not installed there'
  return engine.is === 'down' ? engine.why : undefined
}

export type Inspected = {
  readonly facts: Facts
  /** Images that can look inside networks and volumes, best first. */
  readonly probes: readonly string[]
}

type How = { readonly now: () => number; readonly counters: 'twice' | 'never' }

/** Collects the facts of a host. Throws CliError with exit code EXIT_BLIND when it cannot be inspected. */
export const inspectHost = async (shell: Shell, dir: string, { now, counters }: How): Promise<Inspected> => {
  // The connection is opened before the clock is asked: that takes longer than the question.
  await orBlind(shell.run(':'))
  const before = now()
  const { out } = await orBlind(shell.run('date +%s'))
  const middle = (before + now()) / 2
  const host = await orBlind(collectFacts(shell, dir, 'diagnosis', { counters }))
  const trouble = explainEngine(host)
  if (trouble !== undefined)
    throw new CliError(`${shell.name}: ${trouble}; on the host: sudo systemctl start docker`, { exitCode: EXIT_BLIND })
  const { files, expected, gaps } = readExpectation(host, dir)
  return {
    facts: makeFacts(host, { dir, expected, gaps, ahead: Number(out.trim()) - middle / 1000 }),
    probes: listProbeImages(files, host.diagnosis.releaseFile),
  }
}

/** The same, and then closer at what should be there. Changes nothing. Throws as `inspectHost` does. */
export const inspectClosely = async (shell: Shell, dir: string, now: () => number): Promise<Facts> => {
  const { facts, probes } = await inspectHost(shell, dir, { now, counters: 'twice' })
  if (facts.expected === undefined) return facts
  const script = closerScript(chooseQuestions(facts, probes))
  const { code, out, err } = await orBlind(shell.run(script, { timeoutMs: CLOSER_MS }))
  if (code !== 0) throw new CliError(`${shell.name}: ${err.trim().split('\n').at(-1)}`, { exitCode: EXIT_BLIND })
  return addCloser(facts, parseCloser(out))
}
