import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { jsonText, text } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import { type Role, roles as roleTable } from '#common/people/permissions'
import { CliError } from '../cli/fail.ts'
import { type Api, collect, data, openApi } from './api.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag } from './flags.ts'
import { keyNames, nameAddress, peopleTable } from './people-table.ts'
import { noSession, requireId } from './sessions.ts'
import { requireAddress } from './signer.ts'

const forAdmins = { 77: 'it is for admins' }
const whom = { name: 'ADDRESS', about: 'the TRON address of the person', required: true } as const
const roleNames = Object.keys(roleTable) as Role[]
const which = { name: 'ROLE', about: 'what the person is', rest: true, choices: roleNames } as const

const users = entry(
  {
    name: 'lucid users',
    about: 'lists the people who may sign in',
    flags: { ...asFlag, ...jsonFlag },
    exits: forAdmins,
  },
  async ({ flags, terminal: { out } }) => {
    const { client } = await openApi(flags)
    const found = await collect(async (cursor) => {
      const query = cursor === undefined ? {} : { after: cursor }
      const page = await data(client.GET('/api/v1/users', { params: { query } }))
      return { items: page.users, next: page.next }
    }, Number.POSITIVE_INFINITY)
    const names = keyNames()
    const rows = found.map(({ address, email, roles: held, status, created_at }) => [
      address,
      email ?? names.get(address) ?? '',
      held.join(', '),
      status,
      { at: created_at },
    ])
    const titles = ['address', 'known as', 'roles', 'status', 'since']
    out(flags.json ? jsonText({ users: found }) : peopleTable(titles, rows))
    return 0
  },
)

/** Sets what somebody is; what he was before counts no more, at once. */
const change = (name: string, about: string, status: 'active' | 'closed') =>
  entry(
    {
      name: `lucid users ${name}`,
      about,
      positionals: status === 'active' ? [whom, which] : [whom],
      flags: { ...asFlag, ...jsonFlag },
      exits: { ...forAdmins, 66: 'nobody has this address' },
    },
    async ({ flags, positionals: [given, ...roles], terminal: { out } }) => {
      const address = requireAddress(given)
      if (status === 'active' && roles.length === 0)
        throw new CliError(`say what the person is: ${roleNames.join(', ')}`, { exitCode: EXIT_USAGE })
      const { client } = await openApi(flags)
      const body = { roles: roles as Role[], status } // checked by `choices`
      const user = await data(client.PUT('/api/v1/users/{address}', { params: { path: { address } }, body }))
      out(flags.json ? jsonText(user) : `${user.address}  ${user.roles.join(', ') || user.status}\n`)
      return 0
    },
  )

const email = entry(
  {
    name: 'lucid users email',
    about: 'lets somebody sign in by codes mailed to an address, or no more',
    positionals: [whom, { name: 'EMAIL', about: 'where to (none: no more)' }],
    flags: { ...asFlag, ...jsonFlag },
    exits: forAdmins,
  },
  async ({ flags, positionals: [given, to], terminal: { out } }) => {
    const { client } = await openApi(flags)
    const options = { params: { path: { address: requireAddress(given) } }, body: { email: to ?? null } }
    const user = await data(client.PUT('/api/v1/users/{address}/email', options))
    out(flags.json ? jsonText(user) : `${user.address}  ${user.email ?? 'no e-mail address'}\n`)
    return 0
  },
)

const reset = entry(
  {
    name: 'lucid users reset',
    about: 'takes away all that somebody lost: authenticator app, passkeys, hardware keys; the TRON key alone signs in',
    positionals: [whom],
    flags: { ...asFlag, ...jsonFlag },
    exits: forAdmins,
  },
  async ({ flags, positionals: [given], terminal: { out, err } }) => {
    const { client } = await openApi(flags)
    const address = requireAddress(given)
    await data(client.DELETE('/api/v1/users/{address}/factors', { params: { path: { address } } }))
    err('taken away\n')
    if (flags.json) out(jsonText({ address }))
    return 0
  },
)

const roles = entry(
  { name: 'lucid roles', about: 'prints what each role may do', flags: jsonFlag },
  ({ flags, terminal: { out } }) => {
    const rows = roleNames.map((name) => [name, roleTable[name].join(', ')])
    out(flags.json ? jsonText({ roles: roleTable }) : peopleTable(['role', 'may'], rows))
    return 0
  },
)

/** Services whose audit the API gives. */
const audited = [
  'api-server',
  'authentication',
  'session-orchestrator',
  'session-recorder',
  'session-encryptor',
  'merkle-builder',
] as const

const auditOfService = async (client: Api, service: (typeof audited)[number]) => {
  const found = await collect(async (after) => {
    const query = { service, limit: 200, ...(after !== undefined && { after }) }
    const { entries } = await data(client.GET('/api/v1/audit', { params: { query } }))
    const next = entries.length === 200 ? String(entries.at(-1)?.seq) : undefined
    return { items: entries, next }
  }, Number.POSITIVE_INFINITY)
  const rows = found.map(({ seq, at, actor, caller, action, status, reason }) => [
    String(seq),
    { at },
    { person: actor ?? caller ?? '' },
    action,
    String(status ?? ''),
    reason ?? '',
  ])
  return {
    found: { service, entries: found },
    titles: ['no', 'at', 'who', 'did', 'status', 'why'],
    rows,
    fault: undefined,
  }
}

/** What a person reads of an event; --json has all of it. */
const showBody = (body: object, name: (address: string) => string): string =>
  Object.entries(body)
    .filter(([, value]) => typeof value !== 'object')
    .map(([key, value]) => {
      if (key.endsWith('_at')) return `${key}=${formatTime(Number(value))}`
      const shown = String(value)
      return `${key}=${/^(?:0x)?[0-9a-f]{64,}$/.test(shown) ? `${shown.slice(0, 16)}…` : name(shown)}`
    })
    .join(' ')

const auditOfSession = async (client: Api, id: string) => {
  let fault: { readonly seq: number; readonly detail: string } | undefined
  const events = await collect(async (after) => {
    const options = { params: { path: { id }, query: { limit: 1000, ...(after !== undefined && { after }) } } }
    const page = await data(client.GET('/api/v1/sessions/{id}/audit', options))
    fault ??= page.fault
    return { items: page.events, next: page.events.length === 1000 ? String(page.events.at(-1)?.seq) : undefined }
  }, Number.POSITIVE_INFINITY)
  const style = detectStyle(process.stdout, process.env)
  const name = nameAddress(style)
  const rows = events.map(({ seq, at, hash, prev: _, ...what }) => [
    String(seq),
    { at },
    'type' in what ? what.type : what.event,
    'body' in what ? (style.live ? showBody(what.body, name) : JSON.stringify(what.body)) : hash.slice(0, 16),
  ])
  return { found: { events, ...(fault && { fault }) }, titles: ['no', 'at', 'event', 'what'], rows, fault }
}

const audit = entry(
  {
    name: 'lucid audit',
    about:
      'prints what happened in a session, and whether its chain is whole, or what was done at a service (for admins)',
    positionals: [{ name: 'ID', about: 'the session' }],
    flags: {
      service: { type: 'string', value: 'SERVICE', about: 'without ID: whose (default api-server)', choices: audited },
      ...asFlag,
      ...jsonFlag,
    },
    exits: { 1: 'an event of the session was altered, replaced or is missing: it says which', ...noSession },
  },
  async ({ flags, positionals: [id], terminal: { out, err } }) => {
    const { client } = await openApi(flags)
    const service = (flags.service ?? 'api-server') as (typeof audited)[number] // one of the choices
    const { found, titles, rows, fault } =
      id === undefined ? await auditOfService(client, service) : await auditOfSession(client, requireId(id))
    if (flags.json) out(jsonText(found))
    else if (rows.length === 0) err('nothing was changed there yet\n')
    else out(peopleTable(titles, rows))
    if (fault === undefined) return 0
    const words = `NOT whole: ${fault.detail}; do not believe it or what follows it`
    err(text([[{ text: words, colour: 'red' }]], detectStyle(process.stderr, process.env)))
    return 1
  },
)

export const adminCommands = [
  users,
  change('add', 'lets somebody sign in', 'active'),
  change('roles', 'changes what somebody is', 'active'),
  change('remove', 'lets somebody in no more, at once', 'closed'),
  email,
  reset,
  roles,
  audit,
]
