import { x25519 } from '@noble/curves/ed25519.js'
import type { Command } from '#common/cli/args'
import { EXIT_CANNOT_CREATE } from '#common/cli/sysexits'
import { fromHex } from '#common/stream/bytes'
import { CliError } from '../cli/fail.ts'
import { runCommand } from '../cli/run-command.ts'
import { createFile } from '../platform/files.ts'
import { readKeyFile } from './key-file.ts'

export const command = {
  name: 'owner-key',
  about: "prints the public half of an owner's X25519 key, which recordings are sealed to",
  positionals: [{ name: 'FILE', about: 'the secret key: 64 hex digits, readable by you alone', required: true }],
  flags: {
    new: { type: 'boolean', about: 'draw the key and make FILE; never over one that is there' },
    json: { type: 'boolean', about: 'print one JSON object' },
  },
  examples: [
    'bun run owner-key --new owner.key',
    'bun run record --input screen.mp4 --seal-to $(bun run --silent owner-key owner.key)',
    'bun run verify session-....lucid.tar --owner-key owner.key --decrypt recording.mp4',
  ],
  notes: 'Keep the file: with it, and without anybody else, its owner opens every recording that was sealed to it.',
} as const satisfies Command

const drawKey = (file: string): void => {
  const secret = crypto.getRandomValues(new Uint8Array(32))
  if (!createFile(file, `${secret.toHex()}\n`))
    throw new CliError(`${file} exists already: leave out --new to use it, or name another`, {
      exitCode: EXIT_CANNOT_CREATE,
    })
}

await runCommand(import.meta.main, command, async ({ flags, positionals: [file = ''], terminal }) => {
  if (flags.new) drawKey(file)
  const public_key = x25519.getPublicKey(fromHex(await readKeyFile(file), 32)).toHex()
  terminal.out(flags.json ? `${JSON.stringify({ public_key })}\n` : `${public_key}\n`)
  return 0
})
