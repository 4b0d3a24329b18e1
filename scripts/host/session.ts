import {
  type Address,
  type Connection,
  ConnectionLost,
  connectionLost,
  openConnection,
  PREAMBLE,
  write,
} from './connection.ts'
import { frameScript } from './frame.ts'
import { openMarkedStream } from './marked-stream.ts'
import { SCRIPT_MS, type ScriptOptions, type ScriptResult } from './script.ts'

const openRemote = (address: Address) => {
  const child: Connection = openConnection(address, 'exec sh', 'text')
  // A connection that is dead already says so at the script that follows.
  write(child, PREAMBLE).catch(() => undefined)
  const [out, err] = [openMarkedStream(child.stdout), openMarkedStream(child.stderr)]
  const kill = (): void => {
    child.kill()
    out.stop()
    err.stop()
  }
  return { child, out, err, kill }
}

type Remote = ReturnType<typeof openRemote>

const isOver = ({ child }: Remote): boolean => child.exitCode !== null || child.signalCode !== null

/** Longest wait for a shell to end by itself, ms. */
const CLOSE_MS = 2_000

/** Scripts through one shell, one after the other. It is opened at the first, and anew after a connection that broke. */
export const openSession = (name: string, address: Address) => {
  let remote: Remote | undefined
  let queue: Promise<unknown> = Promise.resolve()

  const drop = (): void => {
    remote?.kill()
    remote = undefined
  }

  const runNow = async (
    script: string,
    { input, timeoutMs = SCRIPT_MS, onOut }: ScriptOptions,
  ): Promise<ScriptResult> => {
    const mark = `lucid-${crypto.randomUUID()}`
    if (remote === undefined || isOver(remote)) remote = openRemote(address)
    const { child, out, err } = remote
    let late = false
    const timer = setTimeout(() => {
      late = true
      drop()
    }, timeoutMs)
    const lost = (why: string, words?: string) =>
      connectionLost(name, late ? `no answer within ${timeoutMs / 1000} s` : why, words)
    try {
      await write(child, frameScript(script, mark, input))
      const [printed, complained] = await Promise.all([out.until(mark, onOut), err.until(mark)])
      if (printed === undefined || complained === undefined) throw lost('the connection broke', err.rest())
      return { code: printed.code, out: printed.text, err: complained.text }
    } catch (error) {
      drop()
      throw error instanceof ConnectionLost ? error : lost(`the connection broke (${String(error)})`)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    run: (script: string, options: ScriptOptions = {}): Promise<ScriptResult> => {
      const mine = queue.then(() => runNow(script, options))
      queue = mine.catch(() => undefined)
      return mine
    },
    close: async (): Promise<void> => {
      await queue
      const open = remote
      remote = undefined
      if (open === undefined) return
      await open.child.stdin.end()
      const timer = setTimeout(() => open.child.kill(), CLOSE_MS)
      await open.child.exited
      clearTimeout(timer)
    },
  }
}
