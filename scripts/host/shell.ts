import { CliError } from '../cli/fail.ts'
import { endOf, framed } from './frame.ts'

/** What a script did. Never thrown for its exit code. */
export type Answer = { readonly code: number; readonly out: string; readonly err: string }

export type ScriptOptions = {
  /** Standard input of the script, text; nothing unless given. It is in no argument list and in no file. */
  readonly input?: string
  /** The line is given up when the script takes longer, ms. */
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
   * Runs a script in a subshell of its own; scripts that are asked for at once run one after the other. Throws LineLost
   * when the line breaks or the time is over: whether the script did its work is then not known. The next call opens a new line.
   */
  readonly run: (script: string, options?: ScriptOptions) => Promise<Answer>
  /** Runs a script on a line of its own with bytes as its standard input. Throws LineLost as `run` does. */
  readonly send: (script: string, bytes: Bytes, options?: Omit<ScriptOptions, 'input'>) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** The connection broke, was refused or took too long; what ran on the host may have ended or not. */
export class LineLost extends CliError {
  constructor(message: string, { details = [] }: { readonly details?: readonly string[] } = {}) {
    super(message, { details })
    this.name = 'LineLost'
  }
}

/** Where a host is and how it is reached. `local` is this machine. */
export type Address = {
  readonly host: string
  /** A file for `ssh -F`. */
  readonly sshConfig?: string
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** Longest time of one script unless told otherwise, ms: a pull of all images over a slow line has its own. */
export const SCRIPT_MS = 120_000

/** Messages are read by programs, files are for nobody else, and `docker` is also in these folders. */
const PREAMBLE =
  'LC_ALL=C; export LC_ALL; umask 077; PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"; export PATH\n'

/** The argument list that opens a shell there. */
export const shellArgv = ({ host, sshConfig }: Address, command: string): readonly string[] =>
  host === 'local'
    ? ['sh', '-c', command]
    : [
        'ssh',
        ...(sshConfig === undefined ? [] : ['-F', sshConfig]),
        '-T',
        ...[
          'BatchMode=yes',
          'Compression=no',
          'ConnectTimeout=10',
          'ServerAliveInterval=5',
          'ServerAliveCountMax=3',
        ].flatMap((option) => ['-o', option]),
        '--',
        host,
        command,
      ]

type Line = {
  readonly child: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly ended: Promise<number>
}

const spawn = (address: Address, command: string): Line => {
  const child = Bun.spawn([...shellArgv(address, command)], {
    env: address.env ?? process.env,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  return { child, ended: child.exited }
}

/** Both calls answer with a promise when the pipe is full, and each of them may fail for a pipe that is closed. */
const put = async ({ stdin }: Line['child'], bytes: string | Uint8Array): Promise<void> => {
  await stdin.write(bytes)
  await stdin.flush()
}

const lastLines = (text: string): readonly string[] => text.trim().split('\n').filter(Boolean).slice(-5)

const lost = (name: string, why: string, err = ''): LineLost =>
  new LineLost(`${name}: ${why}`, { details: lastLines(err) })

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
        const end = endOf(held, mark)
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

type Session = Line & {
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
      const line = spawn(address, 'exec sh')
      session = { ...line, out: reader(line.child.stdout), err: reader(line.child.stderr) }
      // A line that is dead already says so when the script is written.
      put(session.child, PREAMBLE).catch(() => undefined)
    }
    return session
  }

  const runNow = async (
    script: string,
    { input, timeoutMs = SCRIPT_MS, onOut }: ScriptOptions,
  ): Promise<Answer> => {
    const mark = `lucid-${crypto.randomUUID()}`
    const { child, out, err } = connected()
    let late = false
    const timer = setTimeout(() => {
      late = true
      drop()
    }, timeoutMs)
    try {
      await put(child, framed(script, mark, input))
      const [printed, complained] = await Promise.all([out.until(mark, onOut), err.until(mark)])
      if (printed === undefined || complained === undefined) {
        drop()
        throw lost(name, late ? `no answer within ${timeoutMs / 1000} s` : 'the line broke', err.held())
      }
      return { code: printed.code, out: printed.text, err: complained.text }
    } catch (error) {
      drop()
      if (error instanceof LineLost) throw error
      throw lost(name, late ? `no answer within ${timeoutMs / 1000} s` : `the line broke (${String(error)})`)
    } finally {
      clearTimeout(timer)
    }
  }

  const send: Shell['send'] = async (script, bytes, { timeoutMs = SCRIPT_MS, onOut } = {}) => {
    const { child, ended } = spawn(address, `${PREAMBLE}${script}`)
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
        await put(child, value)
      }
      await child.stdin.end()
    } catch (error) {
      broke = error
    }
    // What a script left behind may hold the streams open after the time is over.
    const all = await Promise.race([Promise.all([printed, complained, ended]), over.promise])
    clearTimeout(timer)
    if (all === 'over') throw lost(name, `no answer within ${timeoutMs / 1000} s`)
    const [out, err, code] = all
    // 255 is ssh's own failure; a script that ended early and took not all of its input has a code of its own.
    if (child.signalCode !== null || (code === 255 && address.host !== 'local'))
      throw lost(name, 'the line broke', err)
    if (broke !== undefined && code === 0) throw lost(name, `the line broke (${String(broke)})`, err)
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
export const demand = async (what: string, answer: Promise<Answer>): Promise<string> => {
  const { code, out, err } = await answer
  if (code !== 0)
    throw new CliError(`${what}: ${lastLines(err).at(-1) ?? lastLines(out).at(-1) ?? `exit code ${code}`}`, {
      details: lastLines(err),
    })
  return out
}
