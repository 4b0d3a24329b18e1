import { nextCrash } from './backoff.ts'
import { findProgram } from './program.ts'

/** A program that a service keeps running. */
export type Child = {
  readonly pid: () => number | undefined
  readonly restarts: () => number
  readonly signal: (name: NodeJS.Signals) => void
  /** Sends the signal, SIGKILL when it has not ended after `graceMs`, and resolves when it is gone. */
  readonly stop: (name: NodeJS.Signals, graceMs: number) => Promise<void>
}

export type ChildOptions = {
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** A line that it wrote to stdout or stderr. */
  readonly onLine: (line: string) => void
  /** Before each start. */
  readonly beforeStart?: () => void
  readonly onStart?: (pid: number) => void
  /** It ended by itself; started again after `delayMs`. */
  readonly onEnd: (end: { readonly why: string; readonly delayMs: number }) => void
  /** It ended so soon and so often that another start is of no use; called once, and it stays down. */
  readonly onHopeless: (why: string) => void
  readonly timing?: Partial<ChildTiming>
}

export type ChildTiming = {
  readonly firstMs: number
  readonly mostMs: number
  /** Whoever lived that long has not failed to start. */
  readonly calmMs: number
  /** Failures to start in a row after which it is hopeless. */
  readonly tries: number
}

const usual: ChildTiming = { firstMs: 100, mostMs: 5_000, calmMs: 10_000, tries: 6 }

/** The command line under which a program ends when this process does (Linux; process 1 of a container needs none). */
const boundToUs = (argv: readonly string[]): readonly string[] => {
  const setpriv = process.platform === 'linux' ? findProgram('setpriv', undefined) : undefined
  return setpriv === undefined ? argv : [setpriv, '--pdeathsig', 'TERM', '--', ...argv]
}

/** Ends what a program that was killed left of itself: it has a group of its own, and may have had children. */
const endGroup = (leader: number): void => {
  if (process.platform === 'win32') return
  try {
    process.kill(-leader, 'SIGKILL')
  } catch {
    // Nobody is left, which is as it should be.
  }
}

const follow = async (stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> => {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') onLine(line)
  }
  if (rest !== '') onLine(rest)
}

type Running = Bun.Subprocess<'ignore', 'pipe', 'pipe'>

/** Starts the program in a group of its own. `read` resolves when all that it printed was handed on. */
const spawnBound = ({ argv, env = {}, onLine }: Pick<ChildOptions, 'argv' | 'env' | 'onLine'>) => {
  const child: Running = Bun.spawn([...boundToUs(argv)], {
    env,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
    detached: process.platform !== 'win32',
  })
  const read = Promise.allSettled([follow(child.stdout, onLine), follow(child.stderr, onLine)])
  return { child, read }
}

const endReason = ({ signalCode, exitCode }: Running): string =>
  signalCode ? `signal ${signalCode}` : `exit code ${exitCode}`

/** Starts a program and keeps it running: started again when it ends, later each time that it ends soon. */
export const keepRunning = (options: ChildOptions): Child => {
  const { beforeStart, onStart, onEnd, onHopeless } = options
  const timing = { ...usual, ...options.timing }
  let current: Running | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let keep = true
  let restarts = 0
  let failures = 0

  const start = (): void => {
    beforeStart?.()
    const began = performance.now()
    const { child, read } = spawnBound(options)
    current = child
    onStart?.(child.pid)
    void child.exited.then(async () => {
      current = undefined
      endGroup(child.pid)
      await read
      if (!keep) return
      const next = nextCrash(
        { first: timing.firstMs, most: timing.mostMs, calm: timing.calmMs },
        failures,
        performance.now() - began,
      )
      failures = next.crashes
      const why = endReason(child)
      if (failures >= timing.tries) {
        keep = false
        return onHopeless(why)
      }
      const { delayMs } = next
      onEnd({ why, delayMs })
      timer = setTimeout(() => {
        restarts++
        start()
      }, delayMs)
    })
  }
  start()

  return {
    pid: () => current?.pid,
    restarts: () => restarts,
    signal: (name) => void current?.kill(name),
    stop: async (name, graceMs) => {
      keep = false
      clearTimeout(timer)
      const child = current
      if (child === undefined) return
      child.kill(name)
      const late = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await child.exited
      clearTimeout(late)
    },
  }
}
