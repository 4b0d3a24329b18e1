import { Fault } from '#common/process/fault'
import type { FromThread, ToThread } from './call-thread.ts'
import type { CallRequest, CallResult } from './model.ts'
import type { Nodes } from './state.ts'

/** Length of a tick, ms. Time is counted in ticks: seconds in which this thread itself stood still are one tick. */
const TICK_MS = 250
/** Ticks that a call may run: 5 s, as go-ethereum gives it. */
export const RUN_TICKS = 20

/** Calls `tick` every `ms` until what it answers is called. */
export type Every = (ms: number, tick: () => void) => () => void

/** Calls `then` once, after `ticks` ticks of which `counts` says that they count. Answers how to stop it. */
export const afterTicks = (
  every: Every,
  ticks: number,
  then: () => void,
  counts: () => boolean = () => true,
): (() => void) => {
  let left = ticks
  const stop = every(TICK_MS, () => {
    if (counts()) left -= 1
    if (left > 0) return
    stop()
    then()
  })
  return stop
}

const tooSlow = () =>
  new Fault('exhausted', 'call-too-slow', `a call runs ${(RUN_TICKS * TICK_MS) / 1000} s at most; ask for less in one`)
export const callerLeft = () => new Fault('unavailable', 'caller-left', 'whoever asked for this call has gone')
const broken = (cause: string) =>
  new Fault('unavailable', 'call-broke', 'the thread of this call ended; one that needs less memory may go well', {
    cause,
  })

/** A started thread. `take` gets all that it says, `broke` what ended it. */
const startThread = () => {
  const worker = new Worker(new URL('./call-thread.ts', import.meta.url).href)
  const ready = Promise.withResolvers<void>()
  const thread = {
    worker,
    ready: ready.promise,
    take: (_: FromThread): void => {},
    broke: (_: string): void => {},
    post: (message: ToThread) => worker.postMessage(message),
  }
  worker.onmessage = ({ data }: MessageEvent<FromThread>) => {
    if ('ready' in data) ready.resolve()
    else thread.take(data)
  }
  worker.onerror = ({ message }) => thread.broke(message)
  return thread
}

/**
 * Runs calls on a thread of their own, one at a time. It is ended, with the call, when that takes too long or
 * `signal` says that nobody waits for it any more. The thread starts at the first call. Throws Fault exhausted
 * `call-too-slow`, unavailable `caller-left`, `call-broke`, missing `unknown-state`, and what reading a node throws.
 */
export const callRunner = ({ nodes, every }: { readonly nodes: Nodes; readonly every: Every }) => {
  let thread: ReturnType<typeof startThread> | undefined

  const run = async (request: CallRequest, signal?: AbortSignal): Promise<CallResult> => {
    const { promise, resolve, reject } = Promise.withResolvers<CallResult>()
    thread ??= startThread()
    const used = thread
    let reads = 0
    const kill = (error: unknown) => {
      reject(error)
      used.worker.terminate()
      if (thread === used) thread = undefined
    }
    const read = async (key: string) => {
      reads += 1
      await nodes.get(key).then((value) => used.post({ key, value }), kill)
      reads -= 1
    }
    used.broke = (cause) => kill(broken(cause))
    used.take = (data) => {
      if ('read' in data) void read(data.read)
      else if ('done' in data) resolve(data.done)
      else if ('unknownState' in data) reject(new Fault('missing', 'unknown-state', data.unknownState))
      else if ('failed' in data) reject(new Error(data.failed))
    }
    const leave = () => kill(callerLeft())
    let stop = () => {}
    signal?.addEventListener('abort', leave)
    used.worker.ref()
    try {
      await Promise.race([used.ready, promise])
      stop = afterTicks(
        every,
        RUN_TICKS,
        () => kill(tooSlow()),
        () => reads === 0,
      )
      used.post({ call: request })
      return await promise
    } finally {
      stop()
      signal?.removeEventListener('abort', leave)
      used.worker.unref()
    }
  }

  return { run, stop: () => thread?.worker.terminate() }
}

export type CallRunner = ReturnType<typeof callRunner>['run']
