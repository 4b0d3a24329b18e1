import { commandLine } from '../host/quote.ts'
import { requireSuccess, type Shell } from '../host/shell.ts'
import { INSPECT_FORMAT, type Inspected, readInspected } from './inspected.ts'
import { type Listening, readListening } from './listening.ts'
import type { Promised } from './promised.ts'
import { readUsage, STATS_FORMAT, type Usage } from './usage.ts'

/** What a host was seen to be. */
export type LookedAt = {
  readonly inspected: ReadonlyMap<string, Inspected>
  readonly usage: ReadonlyMap<string, Usage>
  readonly listening: readonly Listening[]
  /** Containers whose own health check, run now, ended with 0. */
  readonly probed: ReadonlySet<string>
  /** Containers on each network, those of others too. */
  readonly members: Readonly<Record<string, readonly string[]>>
}

const MARK = '== lucid '

/** Health checks that are run at once: each starts a Bun of its own, and has three seconds. */
const AT_ONCE = 4

/** A check that failed is run a second time: on a host under load a first one may come too late. */
const probeLine = ({ container, proof }: Promised): readonly string[] => {
  if (proof.kind !== 'healthy') return []
  const exec = `${commandLine('docker', 'exec', container, ...proof.command)} >/dev/null 2>&1 </dev/null`
  return [`( { ${exec} || { sleep 2; ${exec}; }; } && echo ${container} ) &`]
}

/** One script: engine, control groups, sockets and the health checks of all containers, all at once. It changes nothing. */
const script = (promised: readonly Promised[], networks: readonly string[]): string => {
  const containers = promised.map(({ container }) => container)
  return [
    `echo '${MARK}inspect'`,
    `${commandLine('docker', 'inspect', '--type', 'container', '--format', INSPECT_FORMAT, ...containers)} 2>/dev/null`,
    `echo '${MARK}usage'`,
    `${commandLine('docker', 'stats', '--no-stream', '--format', STATS_FORMAT)} 2>/dev/null`,
    `echo '${MARK}listening'`,
    'cat /proc/net/tcp /proc/net/tcp6 2>/dev/null',
    `echo '${MARK}members'`,
    ...networks.map(
      (name) =>
        `printf '%s %s\\n' ${name} "$(${commandLine('docker', 'network', 'inspect', '--format', '{{range .Containers}}{{.Name}} {{end}}', name)} 2>/dev/null)"`,
    ),
    `echo '${MARK}probed'`,
    ...promised.flatMap(probeLine).map((text, at) => (at % AT_ONCE === AT_ONCE - 1 ? `${text}\nwait` : text)),
    'wait',
  ].join('\n')
}

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean)

/** Looks at the containers of a release. Throws CliError when the line breaks or the engine does not answer. */
export const lookAt = async (
  shell: Shell,
  promised: readonly Promised[],
  networks: readonly string[],
): Promise<LookedAt> => {
  await requireSuccess(
    `${shell.name}: its engine`,
    shell.run("docker version --format '{{.Server.Version}}'"),
  )
  const { out } = await shell.run(script(promised, networks))
  const section = (name: string): string => {
    const [, after = ''] = out.split(`${MARK}${name}\n`)
    return after.split(MARK)[0] ?? ''
  }
  return {
    inspected: readInspected(section('inspect'), shell.name),
    usage: readUsage(section('usage')),
    listening: readListening(section('listening')),
    probed: new Set(wordsOf(section('probed'))),
    members: Object.fromEntries(
      section('members')
        .split('\n')
        .filter(Boolean)
        .map((text) => {
          const [name = '', ...containers] = wordsOf(text)
          return [name, containers]
        }),
    ),
  }
}
