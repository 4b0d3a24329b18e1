import { catalog, stock } from '#catalog'
import { containerRows, networkRows } from './container-rows.ts'
import { inspectPlatform } from './inspect-platform.ts'
import type { HostPlatform, LocalPlatform, Platform } from './platform.ts'
import { makeBrokenRow, makeRow, runProbes } from './probes.ts'
import { connectionScript, judgeConnections, planConnections } from './reachability.ts'
import { fail, makeJudged, notRun, type Row } from './row.ts'
import type { Report } from './run-tests.ts'

/** Containers that try their connections at once: each starts a Bun of its own. */
const AT_ONCE = 7
/** Longest time of all connections, ms. */
const REACH_MS = 120_000

/** Tries every connection from inside the containers. */
const reachRows = async (
  { opened, expected }: HostPlatform,
  containers: Parameters<typeof planConnections>[0]['containers'],
): Promise<readonly Row[]> => {
  const all = planConnections({ catalog, stock, expected, containers })
  const script = all
    .map((one, at) => `( ${connectionScript(one)} ) &${at % AT_ONCE === AT_ONCE - 1 ? '\nwait' : ''}`)
    .join('\n')
  const { out } = await opened.shell.run(`${script}\nwait`, { timeoutMs: REACH_MS })
  const answers = new Map(
    out.split('\n').map((text) => [text.slice(0, text.indexOf('\t')), text.slice(text.indexOf('\t') + 1)] as const),
  )
  return all.flatMap((one) => {
    const reached = judgeConnections(one, answers.get(one.container))
    if (reached === undefined)
      return [fail('reaches whom it needs', one.service, 'no answer from inside its container')]
    return [
      makeJudged('reaches whom it needs', one.service, {
        wrong: reached.wrong.filter((text) => text.startsWith('cannot')),
        figure: reached.reached.join(', ') || 'needs nobody',
      }),
      makeJudged('reaches nobody of another plane', one.service, {
        wrong: reached.wrong.filter((text) => text.startsWith('can ')),
        figure: `${reached.kept} ways are closed`,
      }),
    ]
  })
}

const testHost = async (platform: HostPlatform, { add, doing }: Report): Promise<void> => {
  const { opened, expected, bundle } = platform
  doing(`inspecting ${expected.length} containers`)
  const status = await inspectPlatform(opened.shell, opened.target.dir, expected)
  for (const one of expected) add(...containerRows(one, status))
  add(...networkRows(bundle.release.networks, expected, status))
  doing('trying connections from inside the containers')
  add(...(await reachRows(platform, status.containers)))
}

const testThisMachine = (platform: LocalPlatform, { add }: Report): void => {
  const why = 'bun run up starts processes and no containers'
  add(
    ...Object.entries(platform.leftOut).map(([name, reason]) => notRun('runs', name, reason)),
    ...[
      'confined',
      'within its limits',
      'published on loopback only',
      'on its networks only',
      'reaches whom it needs',
    ].map((check) => notRun(check, 'all services', why)),
  )
}

/** Each service for itself: health, function, resources, network. */
export const testService = async (platform: Platform, report: Report): Promise<void> => {
  report.doing('asking each service to do its work')
  const { broke } = await runProbes(platform, {
    parts: ['health', 'function'],
    onFinding: (one) => report.add(makeRow(one)),
  })
  report.add(...makeBrokenRow(broke))
  if (platform.kind === 'host') await testHost(platform, report)
  else testThisMachine(platform, report)
}
