import { catalog, stock } from '#catalog'
import { containerRows, networkRows } from './container-rows.ts'
import { brokeRow, exercise, rowOf } from './exercise.ts'
import type { Report } from './group.ts'
import { lookAt } from './looked-at.ts'
import type { HostPlace, LocalPlace, Place } from './place.ts'
import { askLine, asksOf, reachedBy } from './reach.ts'
import { fail, judged, notRun, type Row } from './row.ts'

/** Containers that try their connections at once: each starts a Bun of its own. */
const AT_ONCE = 7
/** Longest time of all connections, ms. */
const REACH_MS = 120_000

/** Tries every connection from inside the containers. */
const reachRows = async (
  { opened, promised }: HostPlace,
  inspected: Parameters<typeof asksOf>[0]['inspected'],
): Promise<readonly Row[]> => {
  const all = asksOf({ catalog, stock, promised, inspected })
  const script = all
    .map((one, at) => `( ${askLine(one)} ) &${at % AT_ONCE === AT_ONCE - 1 ? '\nwait' : ''}`)
    .join('\n')
  const { out } = await opened.shell.run(`${script}\nwait`, { timeoutMs: REACH_MS })
  const answers = new Map(
    out
      .split('\n')
      .map((text) => [text.slice(0, text.indexOf('\t')), text.slice(text.indexOf('\t') + 1)] as const),
  )
  return all.flatMap((one) => {
    const reached = reachedBy(one, answers.get(one.container))
    if (reached === undefined)
      return [fail('reaches whom it needs', one.service, 'no answer from inside its container')]
    return [
      judged('reaches whom it needs', one.service, {
        wrong: reached.wrong.filter((text) => text.startsWith('cannot')),
        figure: reached.reached.join(', ') || 'needs nobody',
      }),
      judged('reaches nobody of another plane', one.service, {
        wrong: reached.wrong.filter((text) => text.startsWith('can ')),
        figure: `${reached.kept} ways are closed`,
      }),
    ]
  })
}

const onHost = async (place: HostPlace, { add, doing }: Report): Promise<void> => {
  const { opened, promised, bundle } = place
  doing(`looking at ${promised.length} containers`)
  const at = await lookAt(opened.shell, promised, bundle.release.networks)
  for (const one of promised) add(...containerRows(one, at))
  add(...networkRows(bundle.release.networks, promised, at))
  doing('trying connections from inside the containers')
  add(...(await reachRows(place, at.inspected)))
}

const onThisMachine = (place: LocalPlace, { add }: Report): void => {
  const why = 'bun run up starts processes and no containers'
  add(
    ...Object.entries(place.leftOut).map(([name, reason]) => notRun('runs', name, reason)),
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
export const testService = async (place: Place, report: Report): Promise<void> => {
  report.doing('asking each service to do its work')
  const { broke } = await exercise(place, {
    parts: ['health', 'function'],
    onFinding: (one) => report.add(rowOf(one)),
  })
  report.add(...brokeRow(broke))
  if (place.kind === 'host') await onHost(place, report)
  else onThisMachine(place, report)
}
