import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from '#common/cli/args'
import { bytes } from '#common/cli/format'
import { runCommand } from '../cli/run-command.ts'
import { SHIPPED } from './recording.ts'
import { recordScreen } from './screen.ts'

/** How the recording that lies beside this file was made, and can be made anew. */
export const command = {
  name: 'scripts/demo/make-recording.ts',
  about: 'makes the screen recording that is shipped for the demo (Linux with Xvfb, xterm and ffmpeg)',
  flags: { seconds: { type: 'string', value: 'SECONDS', about: 'how long it is (default 25)' } },
} as const satisfies Command

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const folder = await mkdtemp(join(tmpdir(), 'lucid-recording-'))
  await recordScreen({ folder, file: SHIPPED, seconds: Number(flags.seconds ?? 25), onEnd: () => {} })
  terminal.out(`${SHIPPED}  ${bytes(Bun.file(SHIPPED).size)}\n`)
  return 0
})
