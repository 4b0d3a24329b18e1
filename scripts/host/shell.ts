import { CliError } from '../cli/fail.ts'
import { findEnd, frameScript } from './frame.ts'
import { quote } from './quote.ts'

/** What a script did. Never thrown for its exit code. */
export type ScriptResult = { readonly code: number; readonly out: string; readonly err: string }

export type ScriptOptions = {
  /** Standard input of the script, text; nothing unless given. It is in no argument list and in no file. */
  readonly input?: string
  /** The connection is given up when the script takes longer, ms. */
  readonly timeoutMs?: number
  /** Called with what it prints on standard output, as it comes. */
  readonly onOut?: (text: string) => void
}

/** Bytes for the standard input of a script. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** A POSIX shell on a host. */
export type Shell = {
  /** For people: pi@HOST, or `this machine`. */
  readonly name: string
  /**
   * Runs a script in a subshell of its own; scripts that are asked for at once run one after the other. Throws ConnectionLost
   * when the connection breaks or the time is over: whether the script did its work is then not known. The next call opens a new one.
   */
  readonly run: (script: string, options?: ScriptOptions) => Promise<ScriptResult>
  /** Runs a script on a connection of its own with bytes as its standard input. Throws ConnectionLost as `run` does. */
  readonly send: (
    script: string,
    bytes: Bytes,
    options?: Omit<ScriptOptions, 'input'>,
  ) => Promise<ScriptResult>
  readonly close: () => Promise<void>
}

/** The connection broke, was refused or took too long; what ran on the host may have ended or not. */
export class ConnectionLost extends CliError {
  constructor(message: string, { details = [] }: { readonly details?: readonly string[] } = {}) {
    super(message, { details })
    this.name = 'ConnectionLost'
  }
}

/** Where a host is and how it is reached. `local` is this machine. */
export type Address = {
  readonly host: string
  /** A file for `ssh -F`. */
  readonly sshConfig?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Longest time of one script unless told otherwise, ms: a pull of all images over a slow connection has its own. */
export const SCRIPT_MS = 120_000

/** Messages are read by programs, files are for nobody else, and `docker` is also in these folders. */
const PREAMBLE =
  'LC_ALL=C; export LC_ALL; umask 077; PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"; export PATH\n'

/** What goes over a connection: texts, which shrink to a fifth, or layers, which are compressed already. */
type Traffic = 'text' | 'layers'

/** The argument list that opens a shell there. */
export const shellArgv = (
  { host, sshConfig }: Address,
  command: string,
  traffic: Traffic = 'text',
): readonly string[] =>
  host === 'local'
    ? ['sh', '-c', command]
    : [
        'ssh',
        ...(sshConfig === undefined ? [] : ['-F', sshConfig]),
        '-T',
        ...[
          'BatchMode=yes',
          `Compression=${traffic === 'text' ? 'yes' : 'no'}`,
          'ConnectTimeout=10',
          'ServerAliveInterval=5',
          'ServerAliveCountMax=3',
        ].flatMap((option) => ['-o', option]),
        '--',
        host,
        // Whatever the login shell is there.
        `exec sh -c ${quote(command)}`,
      ]

type Connection = {
  readonly child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly ended: Promise<number>
}

/** Of a child that is gone each of the two promises may be the one that fails. */
const write = async (child: Connection['child'], bytes: Uint8Array | string): Promise<void> => {
  await Promise.all([child.stdin.write(bytes), child.stdin.flush()])
}

const spawn = (address: Address, command: string, traffic: Traffic): Connection => {
  const child = Bun.spawn([...shellArgv(address, command, traffic)], {
    env: address.env ?? process.env,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  return { child, ended: child.exited }
}

const lastLines = (text: string): readonly string[] => text.trim().split('\n').filter(Boolean).slice(-5)

const connectionLost = (name: string, why: string, err = ''): ConnectionLost =>
  new ConnectionLost(`${name}: ${why}`, { details: lastLines(err) })

/** Reads a stream as text piece by piece until `take` says enough. */
const reader = (stream: ReadableStream<Uint8Array>) => {
  const decoder = new TextDecoder()
  const source = stream.getReader()
  let held = ''
  return {
    /** Everything that came and belongs to no script. */
    held: () => held,
    /** Waits for nothing more: a process that a script left behind may hold the stream open. */
    stop: () => void source.cancel().catch(() => undefined),
    until: async (mark: string, onText: (text: string) => void = () => {}) => {
      let shown = 0
      for (;;) {
        const end = findEnd(held, mark)
        const ready = end === undefined ? Math.max(shown, held.length - mark.length - 16) : end.text.length
        if (ready > shown) onText(held.slice(shown, ready))
        shown = Math.max(shown, ready)
        if (end !== undefined) {
          held = end.rest
          return end
        }
        const { done, value } = await source.read()
        if (done) return undefined
        held += decoder.decode(value, { stream: true })
      }
    },
  }
}

type Session = Connection & {
  readonly out: ReturnType<typeof reader>
  readonly err: ReturnType<typeof reader>
}

/** Opens a shell. Nothing is started until the first script; refuses a host that looks like a flag. */
export const openShell = (address: Address): Shell => {
  if (address.host.startsWith('-') || address.host.trim() === '')
    throw new CliError(`'${address.host}' is no host: use user@host`)
  const name = address.host === 'local' ? 'this machine' : address.host
  let session: Session | undefined
  let queue: Promise<unknown> = Promise.resolve()

  const drop = (): void => {
    const old = session
    session = undefined
    old?.child.kill()
    old?.out.stop()
    old?.err.stop()
  }

  const connected = (): Session => {
    if (session === undefined || session.child.exitCode !== null || session.child.signalCode !== null) {
      const connection = spawn(address, 'exec sh', 'text')
      session = { ...connection, out: reader(connection.child.stdout), err: reader(connection.child.stderr) }
      // A connection that is dead already says so at the script that follows.
      write(connection.child, PREAMBLE).catch(() => undefined)
    }
    return session
  }

  const runNow = async (
    script: string,
    { input, timeoutMs = SCRIPT_MS, onOut }: ScriptOptions,
  ): Promise<ScriptResult> => {
    const mark = `lucid-${crypto.randomUUID()}`
    const { child, out, err } = connected()
    let late = false
    const timer = setTimeout(() => {
      late = true
      drop()
    }, timeoutMs)
    try {
      await write(child, frameScript(script, mark, input))
      const [printed, complained] = await Promise.all([out.until(mark, onOut), err.until(mark)])
      if (printed === undefined || complained === undefined) {
        drop()
        throw connectionLost(
          name,
          late ? `no answer within ${timeoutMs / 1000} s` : 'the connection broke',
          err.held(),
        )
      }
      return { code: printed.code, out: printed.text, err: complained.text }
    } catch (error) {
      drop()
      if (error instanceof ConnectionLost) throw error
      throw connectionLost(
        name,
        late ? `no answer within ${timeoutMs / 1000} s` : `the connection broke (${String(error)})`,
      )
    } finally {
      clearTimeout(timer)
    }
  }

  const send: Shell['send'] = async (script, bytes, { timeoutMs = SCRIPT_MS, onOut } = {}) => {
    const { child, ended } = spawn(address, `${PREAMBLE}${script}`, 'layers')
    const over = Promise.withResolvers<'over'>()
    const timer = setTimeout(() => {
      over.resolve('over')
      child.kill()
    }, timeoutMs)
    const printed = (async () => {
      let text = ''
      const decoder = new TextDecoder()
      for await (const piece of child.stdout) {
        const more = decoder.decode(piece, { stream: true })
        text += more
        onOut?.(more)
      }
      return text
    })()
    const complained = new Response(child.stderr).text()
    let broke: unknown
    try {
      const source = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]()
      const gone = ended.then(() => ({ done: true, value: undefined }) as const)
      for (;;) {
        // A source may wait for what the script says: it ends when the script does.
        const { done, value } = await Promise.race([source.next(), gone])
        if (done) break
        await write(child, value)
      }
      await child.stdin.end()
    } catch (error) {
      broke = error
    }
    // What a script left behind may hold the streams open after the time is over.
    const all = await Promise.race([Promise.all([printed, complained, ended]), over.promise])
    clearTimeout(timer)
    if (all === 'over') throw connectionLost(name, `no answer within ${timeoutMs / 1000} s`)
    const [out, err, code] = all
    // 255 is ssh's own failure; a script that ended early and took not all of its input has a code of its own.
    if (child.signalCode !== null || (code === 255 && address.host !== 'local'))
      throw connectionLost(name, 'the connection broke', err)
    if (broke !== undefined && code === 0)
      throw connectionLost(name, `the connection broke (${String(broke)})`, err)
    return { code, out, err }
  }

  return {
    name,
    run: (script, options = {}) => {
      const mine = queue.then(() => runNow(script, options))
      queue = mine.catch(() => undefined)
      return mine
    },
    send,
    close: async () => {
      await queue
      const open = session
      session = undefined
      if (open === undefined) return
      await open.child.stdin.end()
      const timer = setTimeout(() => open.child.kill(), 2_000)
      await open.ended
      clearTimeout(timer)
    },
  }
}

/** The output of a script that must succeed. Throws CliError with its last words. */
export const requireSuccess = async (what: string, answer: Promise<ScriptResult>): Promise<string> => {
  const { code, out, err } = await answer
  if (code !== 0)
    throw new CliError(`${what}: ${lastLines(err).at(-1) ?? lastLines(out).at(-1) ?? `exit code ${code}`}`, {
      details: lastLines(err),
    })
  return out
}
