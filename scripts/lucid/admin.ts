import { EXIT_USAGE } from '#common/cli/read-command'
import { detectStyle } from '#common/cli/style'
import { table } from '#common/cli/table'
import { jsonText } from '#common/cli/text'
import { formatTime } from '#common/evidence/times'
import { type Role, roles as roleTable } from '#common/people/permissions'
import { CliError } from '../cli/fail.ts'
import { type Api, collect, data, openApi } from './api.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag } from './flags.ts'
import { noSession, requireId } from './sessions.ts'

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
    const columns = ['address', 'roles', 'status', 'since'].map((title) => ({ title }))
    const rows = found.map((one) => [one.address, one.roles.join(', '), one.status, formatTime(one.created_at)])
    const style = detectStyle(process.stdout, process.env)
    out(flags.json ? jsonText({ users: found }) : table(columns, rows, style))
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
      exits: forAdmins,
    },
    async ({ flags, positionals: [address = '', ...roles], terminal: { out } }) => {
      if (status === 'active' && roles.length === 0)
        throw new CliError(`say what the person is: ${roleNames.join(', ')}`, { exitCode: EXIT_USAGE })
      const { client } = await openApi(flags)
      const body = { roles: roles as Role[], status } // checked by `choices`
      const user = await data(client.PUT('/api/v1/users/{address}', { params: { path: { address } }, body }))
      out(flags.json ? jsonText(user) : `${user.address}  ${user.roles.join(', ') || user.status}\n`)
      return 0
    },
  )

const roles = entry(
  { name: 'lucid roles', about: 'prints what each role may do', flags: jsonFlag },
  ({ flags, terminal: { out } }) => {
    const columns = [{ title: 'role' }, { title: 'may' }]
    const rows = roleNames.map((name) => [name, roleTable[name].join(', ')])
    out(flags.json ? jsonText({ roles: roleTable }) : table(columns, rows, detectStyle(process.stdout, process.env)))
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
    formatTime(at),
    actor ?? caller ?? '',
    action,
    String(status ?? ''),
    reason ?? '',
  ])
  return { found: { service, entries: found }, titles: ['', 'at', 'who', 'did', 'status', 'why'], rows }
}

const auditOfSession = async (client: Api, id: string) => {
  const found = await data(client.GET('/api/v1/sessions/{id}/audit', { params: { path: { id } } }))
  const rows = found.events.map(({ seq, at, hash, prev: _, ...what }) => [
    String(seq),
    formatTime(at),
    'type' in what ? what.type : what.event,
    'body' in what ? JSON.stringify(what.body) : hash.slice(0, 16),
  ])
  return { found, titles: ['', 'at', 'event', ''], rows }
}

const audit = entry(
  {
    name: 'lucid audit',
    about: 'prints what happened in a session, or what was done at a service (for admins), as its chain has it',
    positionals: [{ name: 'ID', about: 'the session' }],
    flags: {
      service: {
        type: 'string',
        value: 'SERVICE',
        about: 'without ID: whose (default api-server)',
        choices: audited,
      },
      ...asFlag,
      ...jsonFlag,
    },
    exits: noSession,
  },
  async ({ flags, positionals: [id], terminal: { out } }) => {
    const { client } = await openApi(flags)
    const service = (flags.service ?? 'api-server') as (typeof audited)[number] // one of the choices
    const { found, titles, rows } =
      id === undefined ? await auditOfService(client, service) : await auditOfSession(client, requireId(id))
    const columns = titles.map((title) => ({ title }))
    out(flags.json ? jsonText(found) : table(columns, rows, detectStyle(process.stdout, process.env)))
    return 0
  },
)

export const adminCommands = [
  users,
  change('add', 'lets somebody sign in', 'active'),
  change('roles', 'changes what somebody is', 'active'),
  change('remove', 'lets somebody in no more, at once', 'closed'),
  roles,
  audit,
]
