import type { Command } from '#common/cli/args'
import { bytes, plural } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { auditTypes } from '#common/evidence/audit-event'
import { bundleName } from '#common/evidence/bundle'
import { isSessionId } from '#common/evidence/session-id'
import { CliError, exitCodeOf } from '../cli/fail.ts'
import { progress, throttle } from '../cli/progress.ts'
import { type Run, runCommand } from '../cli/run-command.ts'
import { homeFrom } from '../platform/home.ts'
import { operatorClients, ownerKey } from '../platform/session-client.ts'
import { exportBundle } from './bundle-file.ts'
import { fileExit } from './file-exits.ts'
import { readKeyFile } from './key-file.ts'

export const command = {
  name: 'export',
  about: 'writes the evidence bundle of a session, which anybody can verify offline',
  flags: {
    out: { type: 'string', value: 'FILE', about: 'where to write it (default session-<id>.lucid.tar)' },
    'with-keys': { type: 'boolean', about: 'add the session key: who has the bundle can then read the recording' },
    'owner-key': {
      type: 'string',
      value: 'FILE',
      about: "file with the owner's secret key in hex, for --with-keys of a session that is not the operator's own",
    },
    withhold: {
      type: 'string',
      value: 'TYPE',
      multiple: true,
      choices: ['all', ...auditTypes],
      about: 'leave out what audit events of this type say; their digests stay, and the rest is proven',
    },
    json: { type: 'boolean', about: 'print one JSON document' },
  },
  positionals: [{ name: 'SESSION', about: 'the session id that record printed', required: true }],
  examples: ['bun run export 0c0f1b6e-... --out evidence.lucid.tar', 'bun run export 0c0f1b6e-... --with-keys'],
  exits: {
    66: 'there is no such session, or the owner key cannot be read',
    73: 'the file exists already or cannot be made',
    74: 'the file cannot be written to its end: a full disk; nothing of it is left',
  },
} as const satisfies Command

const run: Run<typeof command> = async ({ flags, positionals: [session = ''], terminal }) => {
  if (!isSessionId(session))
    throw new CliError(`'${session}' is not a session id (a lower-case UUIDv4)`, { exitCode: EXIT_USAGE })
  if (flags.out === '-')
    throw new CliError('a bundle goes into a file that can be named when it is whole: give --out FILE', {
      exitCode: EXIT_USAGE,
    })
  const home = homeFrom(process.env)
  const clients = operatorClients(home)
  const wantsKeys = flags['with-keys'] || flags['owner-key'] !== undefined
  const key = flags['owner-key'] ? await readKeyFile(flags['owner-key']) : ownerKey(home).reveal()
  const screen = progress(terminal.err, detectStyle(process.stderr, process.env))
  const due = throttle(2_000, () => performance.now())
  const exported = await exportBundle(clients, session, {
    file: flags.out ?? bundleName(session),
    withheld: flags.withhold.includes('all') ? auditTypes : flags.withhold,
    ...(wantsKeys ? { ownerKey: key } : {}),
    onProgress: (done, of) => {
      const text = `exporting  ${bytes(done)} of ${bytes(of)}`
      screen.show(text, due() ? text : undefined)
    },
  })
  screen.done()
  if (flags.json) terminal.out(`${JSON.stringify({ session_id: session, ...exported, exit: 0, error: null })}\n`)
  else {
    const { file, chunks, gaps, anchored } = exported
    const whole = gaps === 0 ? 'complete' : `NOT complete: ${plural(gaps, 'gap')} stated`
    terminal.out(
      `${file}  ${bytes(exported.bytes)}, ${plural(chunks, 'chunk')}, ${whole}, ${anchored ? 'anchored' : 'not anchored yet'}\n`,
    )
    terminal.out(`check it with: bun run verify ${file} --trust $(bun run --silent trust)\n`)
  }
  return 0
}

await runCommand(import.meta.main, command, run, {
  exitOf: (error) => fileExit(error) ?? exitCodeOf(error),
  failureDocument: ({ message, exitCode, positionals: [session = null] }) => ({
    session_id: session,
    exit: exitCode,
    error: { detail: message },
  }),
})
