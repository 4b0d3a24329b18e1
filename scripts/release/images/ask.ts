import { setTimeout as sleep } from 'node:timers/promises'
import { backoff, retry } from '#common/process/backoff'
import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import type { Lease } from '../../host/lease.ts'
import type { ScriptOptions, ScriptResult } from '../../host/script.ts'

/** Tries one after the other that bring nothing. Any number of cuts is mended while there is progress. */
export const FRUITLESS_TRIES = 8

/** Longest wait for a script, ms: what an earlier connection left behind is waited for, and a Pi loads slowly. */
export const LONG_MS = 1_800_000

/** Milliseconds before the next try, after so many that brought nothing (0 = there was progress). */
export const waitAfter = (fruitless: number): number => backoff(fruitless, { first: 250, most: 30_000 })

/** How a connection that breaks is borne. */
export type Patience = {
  /** Told what a person should know though nothing has failed: a connection that broke, a name that was another image. */
  readonly onNotice?: (text: string) => void
  readonly pause?: (ms: number) => Promise<unknown>
}

export type ImagesProgress = Patience & {
  /** Bytes that are on the host of all that it lacked, and what is done now, for people. */
  readonly onProgress?: (bytes: number, total: number, what: string) => void
}

/** A connection that stays away. `error` is the last that was heard of it. */
export const gaveUp = (error: ConnectionLost): CliError =>
  new CliError(
    `${error.message}: ${FRUITLESS_TRIES} tries brought nothing over; run the same command again when the connection is back, it goes on where it stopped`,
    { details: error.details },
  )

/** Runs a script under the lease that may be run twice; a connection that breaks is opened again. Throws CliError, LeaseLost. */
export const ask = async (
  lease: Lease,
  script: string,
  { onNotice = () => {}, pause = (ms) => sleep(ms), ...options }: Patience & ScriptOptions = {},
): Promise<ScriptResult> => {
  try {
    return await retry(() => lease.run(script, { timeoutMs: LONG_MS, ...options }), {
      tries: FRUITLESS_TRIES,
      isPassing: (error) => error instanceof ConnectionLost,
      onRetry: (error) => onNotice(`${(error as ConnectionLost).message}: trying again`),
      delay: (failures) => waitAfter(failures - 1),
      pause,
    })
  } catch (error) {
    throw error instanceof ConnectionLost ? gaveUp(error) : error
  }
}
