import type { Command, Flag } from '#common/cli/args'
import { bytes } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { EXIT_NO_PERMISSION } from '#common/cli/sysexits'
import { jsonText, text } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import { CliError } from '../cli/fail.ts'
import { data, openApi } from './api.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag } from './flags.ts'
import { peopleTable } from './people-table.ts'
import { channels, parseChannel } from './policy-flags.ts'
import { idArgument, noSession, requireId } from './sessions.ts'

const at = (id: string) => ({ params: { path: { id } } })

/** What somebody does, or asks to be allowed. */
const action = {
  positionals: [
    idArgument,
    {
      name: 'CHANNEL',
      about: `${channels.join(', ')}; with :in (default) into the session, :out out of it`,
      required: true,
    },
  ],
  flags: {
    bytes: { type: 'string', value: 'N', about: 'size of the item (default 0)' },
    ...asFlag,
    ...jsonFlag,
  } satisfies Record<string, Flag>,
} as const satisfies Partial<Command>

const parseAction = (given: string | undefined, size: string | undefined) => {
  const { name: channel, ways } = parseChannel(given ?? '')
  if (size !== undefined && !/^\d{1,12}$/.test(size))
    throw new CliError(`--bytes takes a whole number, not '${size}'`, { exitCode: EXIT_USAGE })
  return { channel, direction: ways[0] ?? 'to_session', bytes: Number(size ?? 0) } as const
}

const act = entry(
  {
    name: 'lucid act',
    about: 'asks whether you may do something in a session now, as a point of enforcement does',
    ...action,
    examples: ['bun run lucid act ID clipboard --bytes 300', 'bun run lucid act ID files:out --bytes 1000000'],
    exits: { ...noSession, 77: 'it is not allowed' },
  },
  async ({ flags, positionals: [id, channel], terminal: { out } }) => {
    const { client } = await openApi(flags)
    const body = parseAction(channel, flags.bytes)
    const decision = await data(client.POST('/api/v1/sessions/{id}/actions', { ...at(requireId(id)), body }))
    const { outcome, rule, says } = decision
    const isAllowed = outcome === 'allowed'
    const style = detectStyle(process.stdout, process.env)
    const line = [{ text: outcome, colour: isAllowed ? 'green' : 'red' } as const, `  ${rule}: ${says}`]
    out(flags.json ? jsonText(decision) : text([line], style))
    return isAllowed ? 0 : EXIT_NO_PERMISSION
  },
)

const request = entry(
  {
    name: 'lucid request',
    about: 'asks for what the policy allows on request only; an approval holds for five minutes',
    positionals: action.positionals,
    flags: { ...action.flags, reason: { type: 'string', value: 'TEXT', about: 'why', required: true } },
    exits: noSession,
  },
  async ({ flags, positionals: [given, channel], terminal: { out, err } }) => {
    const id = requireId(given)
    const { client } = await openApi(flags)
    const body = { ...parseAction(channel, flags.bytes), reason: flags.reason }
    const asked = await data(client.POST('/api/v1/sessions/{id}/requests', { ...at(id), body }))
    out(flags.json ? jsonText(asked) : `${asked.id}\n`)
    err(`an approver answers with: bun run lucid approve ${id} ${asked.id}\n`)
    return 0
  },
)

const requests = entry(
  {
    name: 'lucid requests',
    about: 'lists what was asked for in a session',
    positionals: [idArgument],
    flags: { ...asFlag, ...jsonFlag },
    exits: noSession,
  },
  async ({ flags, positionals: [given], terminal: { out, err } }) => {
    const { client } = await openApi(flags)
    const found = await data(client.GET('/api/v1/sessions/{id}/requests', at(requireId(given))))
    const rows = found.requests.map((one) => [
      one.id,
      one.state,
      `${one.channel} ${one.direction === 'to_session' ? 'in' : 'out'}`,
      bytes(one.bytes),
      { person: one.person },
      { at: one.expires_at },
      one.reason,
    ])
    const titles = ['request', 'state', 'what', 'size', 'by', 'until', 'reason']
    if (flags.json) out(jsonText(found))
    else if (rows.length === 0) err('nobody asked for anything\n')
    else out(peopleTable(titles, rows))
    return 0
  },
)

const answer = (name: 'approve' | 'refuse', about: string) =>
  entry(
    {
      name: `lucid ${name}`,
      about,
      positionals: [idArgument, { name: 'REQUEST', about: 'the request', required: true }],
      flags: { ...asFlag, ...jsonFlag },
      exits: noSession,
    },
    async ({ flags, positionals: [id, asked], terminal: { out } }) => {
      const { client } = await openApi(flags)
      const path = { id: requireId(id), request: requireId(asked) }
      const body = { approve: name === 'approve' }
      const decided = await data(
        client.POST('/api/v1/sessions/{id}/requests/{request}/decision', { params: { path }, body }),
      )
      out(flags.json ? jsonText(decided) : `${decided.state}, until ${formatTime(decided.expires_at)}\n`)
      return 0
    },
  )

export const requestCommands = [
  act,
  request,
  requests,
  answer('approve', 'allows what somebody asked for, for five minutes'),
  answer('refuse', 'does not allow it'),
]
