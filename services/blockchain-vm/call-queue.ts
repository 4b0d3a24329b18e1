import { Fault } from '#common/process/fault'
import { afterTicks, type CallRunner, callerLeft, type Every } from './call-runner.ts'
import type { CallRequest, CallResult } from './model.ts'

/** Calls that may wait, of each kind; more would be answered after their callers have given up. */
export const MAX_WAITING = 64
/** Ticks (see `call-runner.ts`) that a call waits for its turn: 10 s, so that one behind a slow call still has it. */
export const WAIT_TICKS = 40

const busy = () =>
  new Fault('exhausted', 'calls-busy', 'too many calls wait for the virtual machine; try again in some seconds', {
    retryAfter: 2000,
  })

/**
 * Calls one after the other, the urgent ones before all others, which keep no place from them. A caller whose `signal` says that it is gone gives up its place. Throws Fault
 * exhausted `calls-busy`, unavailable `caller-left`, and those of `run`.
 */
export const callQueue = ({ run, every }: { readonly run: CallRunner; readonly every: Every }) => {
  const urgent = new Set<() => void>()
  const others = new Set<() => void>()
  let isFree = true

  const turn = (waiting: Set<() => void>, signal: AbortSignal | undefined): Promise<void> =>
    new Promise((go, giveUp) => {
      if (isFree) {
        isFree = false
        go()
        return
      }
      const ending = (settle: () => void) => () => {
        waiting.delete(enter)
        stop()
        signal?.removeEventListener('abort', leave)
        settle()
      }
      const enter = ending(go)
      const leave = ending(() => giveUp(callerLeft()))
      const stop = afterTicks(
        every,
        WAIT_TICKS,
        ending(() => giveUp(busy())),
      )
      signal?.addEventListener('abort', leave)
      waiting.add(enter)
    })

  const pass = () => {
    const [next] = urgent.size > 0 ? urgent : others
    if (next) next()
    else isFree = true
  }

  const call = async (request: CallRequest, signal?: AbortSignal): Promise<CallResult> => {
    if (signal?.aborted) throw callerLeft()
    const waiting = request.urgent ? urgent : others
    if (waiting.size >= MAX_WAITING) throw busy()
    await turn(waiting, signal)
    try {
      return await run(request, signal)
    } finally {
      pass()
    }
  }

  return { call, waiting: () => urgent.size + others.size + (isFree ? 0 : 1) }
}
