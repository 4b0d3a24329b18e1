import { duration } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { jsonText, type Print, type Text, text } from '#common/cli/text'
import { isSessionId } from '#common/evidence/session-id'
import { type State, states } from '#common/http/session-view'
import { CliError } from '../cli/fail.ts'
import { progress } from '../cli/progress.ts'
import { renderSession, renderSessions } from '../session/sessions-report.ts'
import { type Api, collect, data, openApi } from './api.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag } from './flags.ts'
import { nameAddress } from './people-table.ts'

/** The session that most commands take. */
export const idArgument = { name: 'ID', about: 'the session', required: true } as const
export const noSession = { 66: 'there is no such session, or it is not for you', 77: 'it is not for you to do' }

/** Throws CliError unless it is the id of a session. */
export const requireId = (id: string | undefined): string => {
  if (id !== undefined && isSessionId(id)) return id
  throw new CliError(`'${id}' is not a session id (a lower-case UUIDv4)`, { exitCode: EXIT_USAGE })
}

const at = (id: string) => ({ params: { path: { id } } })

/** When and why it was paused, as its audit has it, for those who may read that. */
const findSuspension = async (client: Api, id: string) => {
  const { data: audit } = await client.GET('/api/v1/sessions/{id}/audit', at(id))
  const event = audit?.events.findLast((one) => 'type' in one && one.type === 'suspended')
  return event && 'body' in event ? { suspended: { at: event.at, reason: String(event.body?.['reason']) } } : undefined
}

/** A session as it stands; of one that is still recorded also what is durable. */
export const findSession = async (client: Api, id: string) => {
  const session = await data(client.GET('/api/v1/sessions/{id}', at(id)))
  if (!['created', 'active', 'paused'].includes(session.state)) return session
  const { acknowledged, chunks } = await data(client.GET('/api/v1/sessions/{id}/recording', at(id)))
  const suspension = session.suspended_by === undefined ? {} : await findSuspension(client, id)
  return { ...session, durable: { bytes: acknowledged, chunks }, ...suspension }
}
type Found = Awaited<ReturnType<typeof findSession>>

/** A session for people. */
export const showSession = (session: Found): Text => {
  const style = detectStyle(process.stdout, process.env)
  const { erasure } = session
  const shown = renderSession(session, style, Date.now(), nameAddress(style))
  if (erasure === undefined) return shown
  const when = new Date(erasure.due).toISOString()
  const what = erasure.state === 'erased' ? 'content destroyed' : `content is destroyed at ${when}`
  return text([shown, `erasure       ${what}, by ${erasure.by}`], style)
}

const list = entry(
  {
    name: 'lucid sessions',
    about: 'lists your sessions, the newest first; or tells all of one',
    positionals: [{ name: 'ID', about: 'this one alone' }],
    flags: {
      ...asFlag,
      state: { type: 'string', value: 'STATE', about: 'only those in this state', choices: states },
      all: { type: 'boolean', about: 'those of everybody (for admins)' },
      limit: { type: 'string', value: 'N', about: 'at most so many (default 50)' },
      ...jsonFlag,
    },
    exits: noSession,
  },
  async ({ flags, positionals: [id], terminal: { out, err } }) => {
    const { client } = await openApi(flags)
    if (id !== undefined) {
      const session = await findSession(client, requireId(id))
      out(flags.json ? jsonText(session) : showSession(session))
      return 0
    }
    const most = Number(flags.limit ?? 50)
    if (!Number.isInteger(most) || most < 1)
      throw new CliError('--limit takes a whole number from 1', { exitCode: EXIT_USAGE })
    const sessions = await collect(async (cursor) => {
      const query = {
        limit: Math.min(most, 200),
        ...(flags.state !== undefined && { state: flags.state as State }), // one of the choices
        ...(flags.all && { all: 'true' as const }),
        ...(cursor !== undefined && { cursor }),
      }
      const page = await data(client.GET('/api/v1/sessions', { params: { query } }))
      return { items: page.sessions, next: page.next }
    }, most)
    if (flags.json) out(jsonText({ sessions }))
    else if (sessions.length === 0) err('no session yet: bun run lucid session start begins one\n')
    else {
      const style = detectStyle(process.stdout, process.env)
      out(renderSessions(sessions, style, Date.now(), nameAddress(style)))
    }
    return 0
  },
)

/** States after which nothing changes any more. */
const through: readonly string[] = ['anchored', 'failed', 'expired', 'voided']

/** Waits until a session is on the chain, for so many ms; it is answered as far as it came. */
export const waitForAnchor = async (
  client: Api,
  id: string,
  { patience, err }: { readonly patience: number; readonly err: Print },
): Promise<Found> => {
  const screen = progress(err, detectStyle(process.stderr, process.env))
  const began = performance.now()
  try {
    for (;;) {
      const session = await findSession(client, id)
      const took = performance.now() - began
      if (through.includes(session.state) || took > patience) return session
      if (took > 2_000) screen.show(`${session.state}  waiting for the chain, ${duration(took)}`)
      await Bun.sleep(200)
    }
  } finally {
    screen.done()
  }
}

export const listCommands = [list]
