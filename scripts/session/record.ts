import type { Command } from '#common/cli/args'
import { bytes, plural, rate } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import { text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { signalExit, takeSignals } from '../cli/interrupt.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { homeFrom } from '../platform/home.ts'
import { operatorClients } from '../platform/session-client.ts'
import { chooseOwner } from './owner.ts'
import { exitOfRecording, failureDocument, recordDocument, resultText, startLine } from './record-report.ts'
import { chooseSource, type Source } from './record-source.ts'
import { type Uploaded, upload } from './upload.ts'
import { waitForAnchor } from './wait-for-anchor.ts'

export const command = {
  name: 'record',
  about: 'sends a recording through the pipeline and waits until it is anchored',
  positionals: [
    {
      name: 'COMMAND',
      about: 'a program and its words: what it writes to standard output is recorded, and whether it ended well',
      rest: true,
      raw: true,
    },
  ],
  flags: {
    input: { type: 'string', value: 'FILE|-', about: 'the recording, instead of a COMMAND; - reads standard input' },
    owner: { type: 'string', value: 'T...', about: "TRON address of the owner (default: the operator's own)" },
    'seal-to': {
      type: 'string',
      value: 'HEX',
      about: "the owner's X25519 public key (bun run owner-key prints it): every bundle then holds the key for them",
    },
    wait: { type: 'string', value: 'SECONDS', about: 'how long to wait for the anchor (default 60)' },
    json: { type: 'boolean', about: 'print one JSON document' },
  },
  examples: [
    'bun run record --input screen.mp4',
    'bun run record -- ffmpeg -f x11grab -i :0 -t 60 -f mp4 -movflags frag_keyframe -',
    'producer | bun run record --input -',
  ],
  exits: {
    0: 'sealed as complete, and anchored',
    1: 'it failed; the last line on stderr says why. What was durable is sealed by the platform, with a gap',
    2: 'sealed as complete, but not anchored within the time',
    3: 'sealed, and the manifest states what is missing: a program that failed, a file that changed, a signal, a gap',
    66: 'there is nothing to record: no such file or program, an empty one, one that is still written to',
    130: 'a second Ctrl-C (143 SIGTERM, 129 SIGHUP): left at once, and the platform ends the session with a gap',
  },
  notes: `The session id is printed first. The first Ctrl-C asks the source to end, sends what was read and seals it.
A pipe ends in the same way whether its producer is done or dead: only a COMMAND is known to have failed.`,
} as const satisfies Command

/** Milliseconds of `--wait`. Throws CliError unless it is a number of seconds. */
const parsePatience = (given: string): number => {
  if (/^\d{1,6}(?:\.\d+)?$/.test(given)) return Number(given) * 1000
  throw new CliError(`--wait takes a number of seconds, not '${given}'`, { exitCode: EXIT_USAGE })
}

/** The public key of `--seal-to`. Throws CliError unless it is one. */
const parsePublicKey = (given: string | undefined): string | undefined => {
  if (given === undefined || /^[0-9a-f]{64}$/.test(given)) return given
  throw new CliError('--seal-to takes an X25519 public key: 64 characters of lower-case hex', { exitCode: EXIT_USAGE })
}

/** How far the recording is, on the terminal, while it goes in and while the chain is waited for. */
const recordingScreen = (terminal: Terminal, size: number | undefined) => {
  const screen = progress(terminal.err, detectStyle(process.stderr, process.env))
  const began = performance.now()
  const [due, waiting] = [2_000, 5_000].map((ms) => throttle(ms, () => performance.now()))
  const line = (acknowledged: number, chunks: number) => {
    const of = size === undefined ? '' : ` of ${bytes(size)}`
    const speed = rate(acknowledged, performance.now() - began)
    return `recording  ${bytes(acknowledged)}${of} durable, ${plural(chunks, 'chunk')}, ${speed}`
  }
  return {
    sent: ({ acknowledged, chunks }: Pick<Uploaded, 'acknowledged' | 'chunks'>) => {
      const shown = line(acknowledged, chunks)
      screen.show(shown, due?.() ? shown : undefined)
    },
    waits: (state: string) => {
      const shown = `${state}  waiting for the chain`
      if (state !== 'anchored') screen.show(shown, waiting?.() ? shown : undefined)
    },
    all: ({ acknowledged, chunks }: Uploaded) => screen.show(line(acknowledged, chunks)),
    done: screen.done,
  }
}

/** The first signal ends the source and the waiting in order, another one leaves at once. */
const endOnSignal = (source: Source, { err }: Terminal, done: () => void) => {
  const patience = new AbortController()
  const forget = takeSignals(
    (name) => {
      err(text(['', `${name}: what was read is sent and sealed; again to leave at once`]))
      source.end(name)
      patience.abort()
    },
    (name) => {
      source.kill()
      done()
      err('left: the platform ends the session with what is durable, and states the gap (bun run sessions)\n')
      process.exit(signalExit(name))
    },
  )
  return { signal: patience.signal, forget }
}

let session: string | undefined

await runCommand(
  import.meta.main,
  command,
  async ({ flags, positionals, terminal }) => {
    const patience = parsePatience(flags.wait ?? '60')
    const home = homeFrom(process.env)
    const clients = operatorClients(home)
    const owner = chooseOwner(home, flags.owner)
    const source = await chooseSource(flags.input, positionals)
    const style = detectStyle(process.stdout, process.env)
    const screen = recordingScreen(terminal, source.size)
    const { signal, forget } = endOnSignal(source, terminal, screen.done)
    const began = performance.now()
    try {
      const sent = await upload(clients, {
        owner,
        sealTo: parsePublicKey(flags['seal-to']),
        input: source.open,
        onStart: (id) => {
          session = id
          const print = flags.json ? terminal.err : terminal.out
          print(startLine(id, style))
        },
        onProgress: screen.sent,
      })
      const took = performance.now() - began
      screen.all(sent)
      if (sent.acknowledged === 0)
        throw new CliError(`there is nothing to record: ${sent.fault}`, {
          exitCode: EXIT_NO_INPUT,
          details: source.said(),
        })
      const recorded = {
        owner,
        sent,
        session: await waitForAnchor(clients, sent.id, { patience, onState: screen.waits, signal }),
        took,
      }
      screen.done()
      terminal.out(flags.json ? `${JSON.stringify(recordDocument(recorded))}\n` : resultText(recorded, style))
      const exit = exitOfRecording(recorded)
      if (exit === 3) terminal.err(text(source.said()))
      return exit
    } finally {
      screen.done()
      forget()
    }
  },
  { failureDocument: (failure) => failureDocument(session, failure) },
)
