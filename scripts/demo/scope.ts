import { CliError } from '../cli/fail.ts'

/** Something that must not outlive the work. */
export type Closer = {
  /** Ends it in order; called at most once. */ readonly close: () => Promise<void>
  /** Ends it at once, for somebody who does not want to wait. */
  readonly closeNow: () => void
  /** Processes are ended before the work is waited for; files are removed after it, when nobody writes any more. */
  readonly kind: 'process' | 'files'
}

export type Scope = {
  /** Aborted when the work is to be given up; its reason is what ends the command. */ readonly signal: AbortSignal
  /** Registers what has been started. Closed at once when the work was given up meanwhile. */
  readonly defer: (closer: Closer) => void
}

const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

/** How long work that was given up is waited for, ms: long enough to fail by itself, too short to be noticed. */
const SETTLE_MS = 3_000

type SignalName = keyof typeof SIGNALS

/** Hears signals, and errors that escape; answers what ends it. */
const listen = (onSignal: (name: SignalName) => void, onError: (reason: unknown) => void): (() => void) => {
  const handlers = Object.keys(SIGNALS).map((name) => {
    const handler = () => onSignal(name as SignalName) // a key of the table
    process.on(name, handler)
    return () => process.off(name, handler)
  })
  process.on('uncaughtException', onError)
  process.on('unhandledRejection', onError)
  return () => {
    for (const off of handlers) off()
    process.off('uncaughtException', onError)
    process.off('unhandledRejection', onError)
  }
}

/**
 * Does work and then closes, in reverse order, whatever it deferred: when it succeeds, when it throws, on
 * SIGINT, SIGTERM and SIGHUP, and when an error escapes it. A second signal closes at once and exits. What a
 * closer throws is thrown after all the others are closed, unless the work failed itself.
 */
export const inScope = async <T>(
  { onInterrupt }: { readonly onInterrupt: () => void },
  work: (scope: Scope) => Promise<T>,
): Promise<T> => {
  const abort = new AbortController()
  const open: Closer[] = []
  const failures: unknown[] = []
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {}) // it is only one side of a race
  const giveUp = (reason: unknown): void => {
    abort.abort(reason)
    aborted.reject(reason)
  }

  const onSignal = (name: SignalName): void => {
    if (abort.signal.aborted) {
      for (const { closeNow } of open.toReversed()) closeNow()
      process.exit(SIGNALS[name])
    }
    onInterrupt()
    giveUp(new CliError('interrupted; everything is stopped and removed', { exitCode: SIGNALS[name] }))
  }
  const off = listen(onSignal, giveUp)

  const close = async (kind: Closer['kind']): Promise<void> => {
    for (const closer of open.filter((one) => one.kind === kind).toReversed()) {
      await closer.close().catch((error: unknown) => void failures.push(error))
      open.splice(open.indexOf(closer), 1)
    }
  }
  const scope: Scope = {
    signal: abort.signal,
    defer: (closer) => {
      if (abort.signal.aborted) closer.closeNow()
      open.push(closer)
    },
  }
  const run = async (): Promise<T> => {
    const working = work(scope)
    try {
      return await Promise.race([working, aborted.promise])
    } finally {
      await close('process')
      await Promise.race([working.catch(() => {}), Bun.sleep(SETTLE_MS)])
      await close('process')
      await close('files')
    }
  }
  const result = await run().finally(off)
  const [failure] = failures
  if (failure !== undefined) throw failure
  return result
}
