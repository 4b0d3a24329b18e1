import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../cli/fail.ts'
import type { DaemonMessage, DaemonOrder } from './daemon-messages.ts'
import type { Home } from './home.ts'
import { openLog } from './log-file.ts'
import type { Ambient } from './store-env.ts'
import type { View } from './unit-state.ts'

/** Starts a supervisor that outlives this process, and waits until all is healthy. Throws CliError when it gives up. */
export const detach = async (
  home: Home,
  order: Omit<DaemonOrder, 'home'>,
  ambient: Ambient,
  onChange: (views: readonly View[]) => void,
): Promise<{ readonly pid: number }> => {
  const outcome = Promise.withResolvers<DaemonMessage>()
  const log = openLog(home.log('supervisor'))
  const daemon = Bun.spawn(
    [process.execPath, join(import.meta.dir, 'daemon.ts'), JSON.stringify({ home: home.root, ...order })],
    {
      env: ambient,
      stdin: 'ignore',
      stdout: log,
      stderr: log,
      detached: true,
      windowsHide: true,
      ipc: (message: DaemonMessage) => {
        if (message.kind === 'views') onChange(message.views)
        else outcome.resolve(message)
      },
    },
  )
  closeSync(log)
  const passOn = () => daemon.kill('SIGTERM')
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, passOn)
  void daemon.exited.then((code) =>
    outcome.resolve({
      kind: 'failed',
      message: `the supervisor ended while starting (exit code ${code}): see ${home.log('supervisor')}`,
      details: [],
      exitCode: 1,
    }),
  )
  const end = await outcome.promise
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, passOn)
  if (end.kind === 'failed') {
    await daemon.exited
    throw new CliError(end.message, { exitCode: end.exitCode, details: end.details })
  }
  daemon.disconnect()
  daemon.unref()
  return { pid: daemon.pid }
}
