/** The supervisor that `bun run up --detach` leaves behind, until SIGTERM. Its argument is a DaemonOrder. */
import type { Stack } from '#catalog'
import { streams } from '#common/cli/streams'
import { errorDetails, errorLine, exitCodeOf } from '../cli/fail.ts'
import type { DaemonMessage, DaemonOrder } from './daemon-messages.ts'
import { prepare } from './platform.ts'
import { waitForShutdown } from './shutdown.ts'

const tell = (message: DaemonMessage): void => {
  if (process.connected) process.send?.(message)
}

const runDaemon = async (order: DaemonOrder): Promise<void> => {
  const platform = await prepare({
    home: order.home,
    stacks: order.stacks as readonly Stack[], // checked by the command line that made the order
    ports: order.ports,
    ambient: process.env,
    onChange: (views) => tell({ kind: 'views', views }),
  })
  const stopped = waitForShutdown(platform)
  await platform.start()
  tell({ kind: 'ready' })
  await stopped
}

try {
  await runDaemon(JSON.parse(process.argv[2] ?? '{}'))
  process.exit(0)
} catch (error) {
  tell({ kind: 'failed', message: errorLine(error), details: errorDetails(error), exitCode: exitCodeOf(error) })
  streams.err(`${errorLine(error)}\n`)
  await Bun.sleep(0) // lets the message out before the channel closes with the process
  process.exit(exitCodeOf(error))
}
