import type { AnyElysia } from 'elysia'
import { errorFields, type Log } from '../process/log.ts'

/** Longest time that requests in flight get to end at shutdown, ms. Compose's stop_grace_period is above it. */
const GRACE = 8_000

/** How long of it they get by themselves, ms: a sender that has stalled would keep its request in flight for ever. */
const PATIENCE = 5_000

type Close = () => Promise<unknown> | unknown

/** An uncaught error ends the process as before, but on the log. A line that the log cannot take ends nobody. */
export const logCrashes = (log: Log): void => {
  process.stdout.on('error', () => {})
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error) => {
      log.error('crashed', errorFields(error))
      process.exit(1)
    })
}

/** Closes all, one after the other, whatever fails; the exit code. */
const closeAll = async (closers: readonly Close[], log: Log): Promise<0 | 1> => {
  let code: 0 | 1 = 0
  for (const close of closers)
    try {
      await close()
    } catch (error) {
      code = 1
      log.error('cannot-close', errorFields(error))
    }
  return code
}

/** Takes no new requests and waits for those in flight; what does not end by itself is cut off. */
const stopServing = async (app: AnyElysia | undefined, log: Log): Promise<void> => {
  const server = app?.server
  const late = setTimeout(() => {
    log.warn('requests-cut-off', { count: server?.pendingRequests })
    void server?.stop(true)
  }, PATIENCE)
  await app?.stop(false)
  clearTimeout(late)
}

/**
 * Ends the process on the first SIGTERM or SIGINT: the app takes no new requests and answers those in flight (one
 * that has stalled is cut off), then what `onStop` was given is closed, last added first. Exits 0, or 1 when that failed or took too long.
 */
export const handleShutdown = (log: Log) => {
  const closers: Close[] = []
  let app: AnyElysia | undefined
  let stopping = false
  const stop = async (signal: string) => {
    log.info('stopping', { signal })
    const late = setTimeout(() => process.exit(1), GRACE)
    const code = await closeAll([() => stopServing(app, log), ...closers.toReversed()], log)
    clearTimeout(late)
    log.info('stopped')
    process.exit(code)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (stopping) return
      stopping = true
      void stop(signal)
    })
  return {
    serve: (running: AnyElysia): void => {
      app = running
    },
    onStop: (close: Close): void => void closers.push(close),
    /** Closes now what `onStop` was given so far, and forgets it. */
    closeParts: () => closeAll(closers.splice(0).toReversed(), log),
    isStopping: () => stopping,
  }
}
