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

const named = (...names: readonly string[]) => ['health/facts.sh', ...names.map((name) => `${PARTS}/${name}.sh`)]

/** The parts of the collector at each level, in order; `cron` is what is shipped to a host. */
const parts = {
  cron: ['health/facts.sh'],
  release: named('networks', 'release'),
  preflight: named('networks', 'release', 'preflight'),
  diagnosis: named('networks', 'release', 'preflight', 'diagnosis'),
} as const satisfies Readonly<Record<string, readonly string[]>>

export type Level = keyof typeof parts

export type CollectOptions = {
  /** Secrets, `owner/KEY`, whose presence is asked for. */ readonly secrets?: readonly string[]
  readonly release?: string
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
  { secrets = [], counters = 'twice', release = '' }: CollectOptions = {},
): string =>
  [
    `FACTS_LIMIT=${LIMIT_S}`,
    `FACTS_COUNTERS=${counters}`,
    `FACTS_RELEASE=${release}`,
    `set -- ${commandLine(dir, ...secrets)}`,
    ...parts[level].map(readPart),
  ].join('\n')

/** What came with a level that `cron` has not. */
type Told = {
  readonly release: 'deployed'
  readonly preflight: Told['release'] | 'readiness'
  readonly diagnosis: Told['preflight'] | 'diagnosis'
}

/** When a host was asked and had answered, by the clock of this machine, epoch ms. */
export type Asked = { readonly asked: readonly [from: number, to: number] }

/** The facts of a host at a level. Throws ConnectionLost, or CliError when what came is not what was asked for. */
export const collectFacts = async <L extends keyof Told>(
  shell: Pick<Shell, 'name' | 'run'>,
  dir: string,
  level: L,
  options?: CollectOptions,
): Promise<HostFacts & Required<Pick<HostFacts, Told[L]>> & Asked> => {
  const from = Date.now()
  const { out } = await shell.run(collectScript(dir, level, options), { timeoutMs: COLLECT_MS })
  const facts = parseFullFacts(out)
  const last = ({ release: 'deployed', preflight: 'readiness', diagnosis: 'diagnosis' } as const)[level]
  if (facts?.[last] === undefined)
    throw new CliError(`${shell.name} gave no answer that can be read: does its shell print something of its own?`)
  // The last part came, so those before it did.
  return { ...(facts as HostFacts & Required<Pick<HostFacts, Told[L]>>), asked: [from, Date.now()] }
}
