import type { Style } from '#common/cli/style'
import { table } from '#common/cli/table'
import { type Text, text } from '#common/cli/text'
import type { TestStore } from '../peers/stores.ts'
import { type Setting, withPlatform } from './folder.ts'
import { pssOf, rssOf } from './memory.ts'
import { figures, words } from './report.ts'
import { median } from './stats.ts'

/** What a service takes to start and to stand idle; a value for each start. Times ms, memory MiB. */
export type Load = {
  readonly store: string
  readonly service: string
  readonly ready: readonly number[]
  readonly pss: readonly number[]
  readonly rss: readonly number[]
}

/** One that keeps no documents, and one that does. */
const services = ['session-chunker', 'merkle-builder'] as const
/** Memory is measured this long after a service is healthy, ms. */
const SETTLE = 1_000

/** Starts each service alone, again and again, with its documents in a store. */
export const benchLoad = (
  store: TestStore,
  { folder, runs, say }: Setting & { readonly runs: number },
): Promise<readonly Load[]> => {
  say(`bringing the platform up: ${store.name}`)
  return withPlatform(folder, store.ambient, async (platform) => {
    const loads: Load[] = []
    for (const service of services) {
      const [ready, pss, rss]: [number[], number[], number[]] = [[], [], []]
      for (let run = 0; run < runs; run++) {
        await platform.restart(service)
        await Bun.sleep(SETTLE)
        const view = platform.views().find(({ name }) => name === service)
        if (view?.pid === undefined || view.readyMs === undefined) continue
        ready.push(view.readyMs)
        pss.push(pssOf(view.pid))
        rss.push(rssOf(view.pid))
      }
      loads.push({ store: store.name, service, ready, pss, rss })
    }
    return loads
  })
}

/** The medians as a table. */
export const loadReport = (loads: readonly Load[], style: Style): Text => {
  const rows = loads.map(({ store, service, ready, pss, rss }) => [
    service,
    store,
    `${Math.round(median(ready))} ms`,
    median(pss).toFixed(1),
    median(rss).toFixed(1),
  ])
  return text(
    [
      table([...words('service', 'documents in'), ...figures('healthy after', 'PSS, MiB', 'RSS, MiB')], rows, style),
      { text: 'session-chunker keeps no documents, so it loads no driver wherever they are', colour: 'dim' },
    ],
    style,
  )
}
