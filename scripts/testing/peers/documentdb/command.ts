import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from '#common/cli/args'
import { text } from '#common/cli/text'
import { CliError } from '../../../cli/fail.ts'
import { runCommand, type Terminal } from '../../../cli/run-command.ts'
import { waitForShutdown, withProgress } from '../by-hand.ts'
import { documentDbRoot, startDocumentDb } from './documentdb.ts'
import { isPrepared } from './root.ts'

export const command = {
  name: 'documentdb',
  about: 'starts a DocumentDB, which tests have in the place of MongoDB, in a folder that is thrown away',
  flags: {
    port: { type: 'string', value: 'PORT', about: 'port on 127.0.0.1; without it a free one' },
    prepare: { type: 'boolean', about: 'only make the root it runs in (once a machine, about 40 s), and end' },
  },
  examples: ['bun run documentdb', 'bun run documentdb --port 27017', 'bun run documentdb --prepare'],
  exits: { 1: 'this machine cannot have it; the line says why' },
} as const satisfies Command

const portFrom = (text: string | undefined): number => {
  if (text === undefined) return 0
  const port = Number(text)
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port
  throw new CliError(`--port ${text} is no port: give a number from 1 to 65535`)
}

const prepare = async (terminal: Terminal): Promise<string> => {
  const doing = 'making a Debian sid root with PostgreSQL 18 and DocumentDB'
  const found = await (isPrepared() ? documentDbRoot() : withProgress(terminal, doing, documentDbRoot))
  if ('absent' in found) throw new CliError(`no DocumentDB on this machine: ${found.absent}`)
  return found.root
}

await runCommand(import.meta.main, command, async ({ flags, terminal }) => {
  const port = portFrom(flags.port)
  const root = await prepare(terminal)
  if (flags.prepare) {
    terminal.err(`DocumentDB is ready for tests: ${root}\n`)
    return 0
  }
  const folder = mkdtempSync(join(tmpdir(), 'lucid-documentdb-'))
  try {
    const shutdown = waitForShutdown()
    const peer = await startDocumentDb({ folder, port })
    terminal.err(
      'This is DocumentDB behind a front of ours, for tests. It is not MongoDB; no evidence belongs in it.\n',
    )
    terminal.err(`Its data in ${folder} goes away with it. Ctrl-C stops it. Use it with:\n`)
    terminal.out(`MONGO_URL=${peer.url}\n`)
    await shutdown
    terminal.err(text(['', 'stopping']))
    await peer.stop()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return 0
})
