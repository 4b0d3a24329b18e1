import { retry } from '../process/backoff.ts'
import { type Fault, isFault } from '../process/fault.ts'

/** How often a store that is away is asked again, ms. */
const AGAIN = 500

/** Resolves once `ready` does. While it fails with Fault unavailable, `wait` stands in; any other failure is thrown. */
export const untilReady = ({
  ready,
  wait,
  pause,
}: {
  readonly ready: () => Promise<void>
  readonly wait: (fault: Fault) => Promise<void>
  readonly pause: (ms: number) => Promise<void>
}): Promise<void> =>
  retry(ready, {
    isPassing: (error) => isFault(error) && error.kind === 'unavailable',
    onRetry: (error) => wait(error as Fault), // no other passes
    delay: () => AGAIN,
    pause,
  })
