import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseFullFacts } from '#common/host/facts/full-facts'
import type { HostFacts } from '#common/host/facts/host-facts'
import { type NetworkFacts, parseNetworks } from '#common/host/facts/networks'
import { parseSections } from '#common/host/facts/sections'
import { CliError } from '../cli/fail.ts'
import { repository } from '../platform/home.ts'
import { commandLine } from './quote.ts'
import type { Shell } from './shell.ts'

const PARTS = 'services/common/host/collect'

/** The parts of the collector at each level, in order; `cron` is what is shipped to a host. */
const parts = {
  cron: ['health/facts.sh'],
  preflight: ['health/facts.sh', `${PARTS}/networks.sh`, `${PARTS}/preflight.sh`],
  diagnosis: ['health/facts.sh', `${PARTS}/networks.sh`, `${PARTS}/preflight.sh`, `${PARTS}/diagnosis.sh`],
} as const satisfies Readonly<Record<string, readonly string[]>>

export type Level = keyof typeof parts

export type CollectOptions = {
  /** Secrets, `owner/KEY`, whose presence is asked for. */
  readonly secrets?: readonly string[]
  /** Whether counters are measured over a second, at the level `diagnosis`. */
  readonly counters?: 'twice' | 'never'
}

/** Seconds that an engine gets for an answer: a person waits for a host under load. */
const LIMIT_S = 20
/** Longest time of all of it, ms. */
const COLLECT_MS = 60_000

const readPart = (path: string): string => readFileSync(join(repository, path), 'utf8')

/** The part about networks alone, for whoever changes them. Throws CliError when the engine does not answer. */
export const collectNetworks = async (shell: Pick<Shell, 'name' | 'run'>): Promise<NetworkFacts> => {
  const { out, err } = await shell.run(readPart(`${PARTS}/networks.sh`))
  const facts = parseNetworks(parseSections(out))
  if (facts === undefined)
    throw new CliError(`${shell.name}: its networks: ${err.trim().split('\n').at(-1) || 'no answer'}`)
  return facts
}

/** The collector as one script of sh that changes nothing. */
export const collectScript = (
  dir: string,
  level: Level,
  { secrets = [], counters = 'twice' }: CollectOptions = {},
): string =>
  [
    `FACTS_LIMIT=${LIMIT_S}`,
    `FACTS_COUNTERS=${counters}`,
    `set -- ${commandLine(dir, ...secrets)}`,
    ...parts[level].map(readPart),
  ].join('\n')

/** The facts of a host at a level. Throws ConnectionLost, or CliError when what came is not what was asked for. */
export const collectFacts = async <L extends Exclude<Level, 'cron'>>(
  shell: Pick<Shell, 'name' | 'run'>,
  dir: string,
  level: L,
  options?: CollectOptions,
): Promise<
  HostFacts & Required<Pick<HostFacts, 'readiness' | (L extends 'diagnosis' ? 'diagnosis' : never)>>
> => {
  const { out } = await shell.run(collectScript(dir, level, options), { timeoutMs: COLLECT_MS })
  const facts = parseFullFacts(out)
  const { readiness, diagnosis } = facts ?? {}
  if (facts === undefined || readiness === undefined || (level === 'diagnosis' && diagnosis === undefined))
    throw new CliError(
      `${shell.name} gave no answer that can be read: does its shell print something of its own?`,
    )
  // Which parts came was just asked.
  return { ...facts, readiness, ...(diagnosis && { diagnosis }) } as Awaited<
    ReturnType<typeof collectFacts<L>>
  >
}
