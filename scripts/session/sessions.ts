import type { Command } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { EXIT_NO_INPUT } from '#common/cli/sysexits'
import { jsonText } from '#common/cli/text'
import { isSessionId } from '#common/evidence/session-id'
import { type State, states } from '#common/http/session-view'
import { isFault } from '#common/process/fault'
import { CliError, errorLine } from '../cli/fail.ts'
import { runCommand, type Terminal } from '../cli/run-command.ts'
import { homeFrom } from '../platform/home.ts'
import { operatorClients } from '../platform/session-client.ts'
import { findSession, type Listed, listSessions } from './session-pages.ts'
import { renderSession, renderSessions } from './sessions-report.ts'

export const command = {
  name: 'sessions',
  about: 'lists sessions, the newest first: owner, state, time, size, gaps, block; or tells all of one',
  positionals: [{ name: 'SESSION', about: 'this one alone, with everything that is known of it' }],
  flags: {
    state: { type: 'string', value: 'STATE', about: 'only those in this state', choices: states },
    limit: { type: 'string', value: 'N', about: 'at most so many (default 50)' },
    all: { type: 'boolean', about: 'all there are, a page at a time' },
    json: { type: 'boolean', about: 'print one JSON document' },
  },
  examples: [
    'bun run sessions',
    'bun run sessions --state anchoring',
    'bun run sessions 0c0f1b6e-... --json',
    'bun run sessions --all --json',
  ],
  exits: { 66: 'there is no session of this id' },
} as const satisfies Command

const DEFAULT = 50

const parseLimit = ({ limit, all }: { readonly limit?: string | undefined; readonly all: boolean }): number => {
  if (limit !== undefined && all) throw new CliError('--all and --limit exclude each other', { exitCode: EXIT_USAGE })
  if (limit === undefined) return all ? Number.POSITIVE_INFINITY : DEFAULT
  if (/^[1-9]\d{0,8}$/.test(limit)) return Number(limit)
  throw new CliError(`--limit takes a whole number from 1, not '${limit}'`, { exitCode: EXIT_USAGE })
}

/** One document, written a page at a time; what ends it early stands in it. */
const printJson = async (pages: AsyncIterable<readonly Listed[]>, { out }: Terminal): Promise<void> => {
  let first = true
  let failure: unknown
  out('{"sessions":[')
  try {
    for await (const page of pages)
      for (const session of page) {
        out(`${first ? '' : ','}${JSON.stringify(session)}`)
        first = false
      }
  } catch (error) {
    failure = error
  }
  out(`],"error":${failure === undefined ? 'null' : JSON.stringify({ detail: errorLine(failure) })}}\n`)
  if (failure !== undefined) throw failure
}

const printTables = async (
  pages: AsyncIterable<readonly Listed[]>,
  { out, err }: Terminal,
  state: State | undefined,
): Promise<void> => {
  let count = 0
  for await (const page of pages) {
    out(renderSessions(page, detectStyle(process.stdout, process.env), Date.now()))
    count += page.length
  }
  if (count === 0) err(`no session${state === undefined ? '' : ` is ${state}`} here yet: bun run record makes one\n`)
}

await runCommand(import.meta.main, command, async ({ flags, positionals: [id], terminal }) => {
  if (id !== undefined && !isSessionId(id))
    throw new CliError(`'${id}' is not a session id (a lower-case UUIDv4)`, { exitCode: EXIT_USAGE })
  const most = parseLimit(flags)
  const clients = operatorClients(homeFrom(process.env))
  if (id !== undefined) {
    const session = await findSession(clients, id).catch((error: unknown) => {
      if (!isFault(error, 'no-such-session')) throw error
      throw new CliError(`there is no session ${id}: bun run sessions lists those there are`, {
        exitCode: EXIT_NO_INPUT,
      })
    })
    const style = detectStyle(process.stdout, process.env)
    terminal.out(flags.json ? jsonText(session) : renderSession(session, style, Date.now()))
    return 0
  }
  const state = flags.state as State | undefined // one of the choices
  const pages = listSessions(clients, { most, ...(state && { state }) })
  await (flags.json ? printJson(pages, terminal) : printTables(pages, terminal, state))
  return 0
})
