import { join } from 'node:path'
import type { Command } from '#common/cli/args'
import { flushStreams } from '#common/cli/streams'
import { detectStyle } from '#common/cli/style'
import { text } from '#common/cli/text'
import { errorMessage } from '#common/process/error'
// Only what needs no package may be imported before the install.
import { AGAIN, ensureInstalled, rerun } from '../check/bootstrap.ts'
import { CliError, exitCodeOf } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { renderChapter } from './chapter.ts'
import { inScope } from './scope.ts'

export const command = {
  name: 'demo',
  about: 'shows the whole of Lucid: records a screen, proves the recording offline, and tampers with it',
  flags: {
    input: {
      type: 'string',
      value: 'FILE',
      about: 'your own recording (at most 256 MiB) instead of one of this screen or the shipped one',
    },
    store: {
      type: 'string',
      value: 'URL',
      about: 'keep documents in this database (mongodb://...) instead of embedded files',
    },
    keep: { type: 'boolean', about: 'keep the throw-away folder and say where it is' },
    json: { type: 'boolean', about: 'print the outcome as one JSON object; the story goes to stderr' },
  },
  examples: ['bun run demo', 'npx -y bun@1.4.5 run demo', 'bun run demo --input screen.mp4 --keep'],
  exits: { 1: 'something did not hold, or a step failed', 130: 'interrupted; everything is stopped and removed' },
} as const satisfies Command

const root = join(import.meta.dir, '..', '..')
/** Exit code after Ctrl-C: 128 + SIGINT. */
const INTERRUPTED = 130

const install = (write: (text: string) => void, signal: AbortSignal): Promise<boolean> =>
  ensureInstalled({ root, write, signal }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new CliError(errorMessage(error), { cause: error })
  })

await runCommand(import.meta.main, command, ({ flags, terminal }) => {
  const write = flags.json ? terminal.err : terminal.out
  const style = flags.json ? detectStyle(process.stderr, process.env) : detectStyle(process.stdout, process.env)
  const onInterrupt = () => terminal.err(text(['', 'stopping and removing everything; again to do it at once']))
  return inScope({ onInterrupt }, async (scope) => {
    if (process.env[AGAIN] === undefined) write(renderChapter('install', style))
    if (await install((line) => write(`  ${line}`), scope.signal)) {
      const again = rerun(process.argv)
      scope.defer({
        kind: 'process',
        close: async () => {
          // Ctrl-C in a terminal has reached it already; other signals came to this process alone.
          if (scope.signal.aborted && exitCodeOf(scope.signal.reason) !== INTERRUPTED) again.signal('SIGTERM')
          await again.exited
        },
        closeNow: () => again.signal('SIGKILL'),
      })
      return again.exited
    }
    const { tellStory } = await import('./story.ts')
    const outcome = await tellStory({ scope, write, style, input: flags.input, store: flags.store, keep: flags.keep })
    if (flags.json) terminal.out(`${JSON.stringify(outcome)}\n`)
    return outcome.ok ? 0 : 1
  })
})

// What was given up on the way (an upload that waits for its pipeline) would hold the process for a while.
if (import.meta.main) {
  await flushStreams()
  process.exit()
}
