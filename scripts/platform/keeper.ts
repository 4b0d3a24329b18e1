/**
 * The supervisor that `bun run up --detach` leaves behind. Its argument is a KeeperOrder; it stays until
 * SIGTERM (`bun run down`), and tells the command that started it how far it is while that listens.
 */
import type { Stack } from '#catalog'
import { errorDetails, errorLine, exitCodeOf } from '../cli/fail.ts'
import type { KeeperMessage, KeeperOrder } from './keeper-messages.ts'
import { prepare } from './platform.ts'
import { untilToldToStop } from './told-to-stop.ts'

const tell = (message: KeeperMessage): void => {
  if (process.connected) process.send?.(message)
}

const keep = async (order: KeeperOrder): Promise<void> => {
  const platform = await prepare({
    home: order.home,
    stacks: order.stacks as readonly Stack[], // checked by the command line that made the order
    ports: order.ports,
    ambient: process.env,
    onChange: (views) => tell({ kind: 'views', views }),
  })
  const told = untilToldToStop(platform)
  await platform.start()
  tell({ kind: 'ready' })
  await told
}

try {
  await keep(JSON.parse(process.argv[2] ?? '{}'))
  process.exit(0)
} catch (error) {
  tell({
    kind: 'failed',
    message: errorLine(error),
    details: errorDetails(error),
    exitCode: exitCodeOf(error),
  })
  console.error(errorLine(error))
  await Bun.sleep(0) // lets the message out before the channel closes with the process
  process.exit(exitCodeOf(error))
}
