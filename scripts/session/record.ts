import type { Command } from '#common/cli/args'
import { bytes, plural, rate } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { text as lines } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { progress, throttle } from '../cli/progress.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { homeFrom } from '../platform/home.ts'
import { operatorClients } from '../platform/session-client.ts'
import { fileInput, streamInput } from './input.ts'
import { chooseOwner } from './owner.ts'
import { upload } from './upload.ts'
import { waitForAnchor } from './wait-for-anchor.ts'

export const command = {
  name: 'record',
  about: 'sends a recording through the pipeline and waits until it is anchored',
  flags: {
    input: {
      type: 'string',
      value: 'FILE|-',
      about: 'the recording; - reads standard input',
      required: true,
    },
    owner: {
      type: 'string',
      value: 'T...',
      about: "TRON address of the owner (default: the operator's own)",
    },
    wait: { type: 'string', value: 'SECONDS', about: 'how long to wait for the anchor (default 60)' },
    json: { type: 'boolean', about: 'print the result as one JSON object' },
  },
  examples: ['bun run record --input screen.mp4', 'ffmpeg ... -f mp4 - | bun run record --input -'],
  exits: { 2: 'everything is durable and sealed, but not anchored within the time' },
} as const satisfies Command

/** Milliseconds of `--wait`. Throws CliError unless it is a number of seconds. */
const parsePatience = (text: string): number => {
  if (/^\d{1,6}(?:\.\d+)?$/.test(text)) return Number(text) * 1000
  throw new CliError(`--wait takes a number of seconds, not '${text}'`, { exitCode: EXIT_USAGE })
}

type Sent = Awaited<ReturnType<typeof upload>>
type Session = Awaited<ReturnType<typeof waitForAnchor>>

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
    sent: ({ acknowledged, chunks }: Pick<Sent, 'acknowledged' | 'chunks'>) => {
      const text = line(acknowledged, chunks)
      screen.show(text, due?.() ? text : undefined)
    },
    waits: (state: string) => {
      const text = `${state}  waiting for the chain`
      if (state !== 'anchored') screen.show(text, waiting?.() ? text : undefined)
    },
    all: ({ acknowledged, chunks }: Sent) => screen.show(line(acknowledged, chunks)),
    done: ({ acknowledged, chunks }: Sent) => screen.done(line(acknowledged, chunks)),
  }
}

const resultText = ({ id, state, merkle_root, chunk_count, anchor }: Session, sent: Sent, took: number) => {
  const style = detectStyle(process.stderr, process.env)
  return lines(
    [
      ['session      ', { text: id, colour: 'bold' }],
      `recorded     ${bytes(sent.acknowledged)} in ${plural(chunk_count ?? sent.chunks, 'chunk')}, ${rate(sent.acknowledged, took)}`,
      `merkle root  ${merkle_root ?? 'not yet'}`,
      ...(sent.complete ? [] : ['complete     no: what the input still held is not in it']),
      anchor
        ? `anchored     transaction ${anchor.tx_hash} in block ${anchor.block.number}`
        : `anchored     not yet (${state}): it goes on by itself; bun run export ${id} works now and later`,
    ],
    style,
  )
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const patience = parsePatience(flags.wait ?? '60')
  const home = homeFrom(process.env)
  const clients = operatorClients(home)
  const owner = chooseOwner(home, flags.owner)
  const input = flags.input === '-' ? streamInput(Bun.stdin.stream()) : await fileInput(flags.input)
  const screen = recordingScreen(terminal, input.size)
  const began = performance.now()
  const sent = await upload(clients, { owner, input, onProgress: screen.sent })
  const took = performance.now() - began
  screen.all(sent)
  const session = await waitForAnchor(clients, sent.id, { patience, onState: screen.waits })
  screen.done(sent)

  const { id, state, merkle_root, chunk_count, anchor } = session
  const result = {
    session_id: id,
    state,
    owner,
    merkle_root,
    chunk_count,
    bytes: sent.acknowledged,
    complete: sent.complete,
    seconds: Math.round(took) / 1000,
    tx_hash: anchor?.tx_hash,
    block: anchor?.block.number,
  }
  terminal.out(flags.json ? `${JSON.stringify(result)}\n` : resultText(session, sent, took))
  if (!sent.complete) {
    terminal.err('the platform was away for too long: the recording ends with a gap where it broke off\n')
    return 1
  }
  return state === 'anchored' ? 0 : 2
})
