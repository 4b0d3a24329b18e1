import { duration } from '#common/cli/format'
import { detectStyle } from '#common/cli/style'
import { progress } from '../../cli/progress.ts'
import type { Terminal } from '../../cli/run-command.ts'

/** What the commands share that start a test dependency for a person at a terminal. */

/** Resolves at Ctrl-C, or when the system asks the process to end. */
export const waitForShutdown = (): Promise<void> =>
  new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve())
  })

/** Runs `work` and says meanwhile what is done, and for how long. */
export const withProgress = async <T>(terminal: Terminal, doing: string, work: () => Promise<T>): Promise<T> => {
  const screen = progress(terminal.err, detectStyle(process.stderr, process.env))
  const began = performance.now()
  screen.show(doing, doing)
  const timer = setInterval(() => screen.show(`${doing}: ${duration(performance.now() - began)}`), 500)
  try {
    return await work()
  } finally {
    clearInterval(timer)
    screen.done()
  }
}
