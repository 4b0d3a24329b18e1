import type { Flag } from '#common/cli/args'
import { bytes } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { jsonText, type Text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { type Api, data, openApi } from './api.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag } from './flags.ts'
import { sendInput } from './send.ts'
import { findSession, idArgument, noSession, requireId, showSession, waitForAnchor } from './sessions.ts'

const inputFlag = {
  type: 'string',
  value: 'FILE',
  about: 'what to record: a file, or - for standard input',
} as const satisfies Flag

const at = (id: string) => ({ params: { path: { id } } })

const send = entry(
  {
    name: 'lucid session send',
    about: 'sends what is to be recorded into a session of yours; a file goes on where it broke off',
    positionals: [idArgument],
    flags: {
      input: { ...inputFlag, required: true },
      append: { type: 'boolean', about: 'all of the file, behind what was sent before' },
      ...asFlag,
    },
    exits: noSession,
  },
  async ({ flags, positionals: [id], terminal: { err } }) => {
    const session = requireId(id)
    const count = await sendInput(await openApi(flags), session, { ...flags, err })
    err(`${bytes(count)} sent; seal it with: bun run lucid session end ${session}\n`)
    return 0
  },
)

const end = entry(
  {
    name: 'lucid session end',
    about: 'seals a session of yours, complete as it is, and waits until it is on the chain',
    positionals: [idArgument],
    flags: {
      ...asFlag,
      wait: { type: 'string', value: 'SECONDS', about: 'how long to wait for the chain (default 60)' },
      ...jsonFlag,
    },
    exits: { ...noSession, 75: 'sealed, and not on the chain within that time; it will be' },
  },
  async ({ flags, positionals: [given], terminal: { out, err } }) => {
    const id = requireId(given)
    const patience = Number(flags.wait ?? 60) * 1000
    if (!(patience >= 0)) throw new CliError('--wait takes a number of seconds', { exitCode: EXIT_USAGE })
    const { client } = await openApi(flags)
    await data(client.POST('/api/v1/sessions/{id}/end', at(id)))
    const session = await waitForAnchor(client, id, { patience, err })
    out(flags.json ? jsonText(session) : showSession(session))
    if (session.state === 'anchored') return 0
    err(`it is ${session.state}: bun run lucid sessions ${id} says how it goes on\n`)
    return 75
  },
)

/** A change of a session that takes nothing but its reason, if that. */
const change = (
  name: string,
  about: string,
  work: (client: Api, id: string, reason: string) => Promise<unknown>,
) =>
  entry(
    {
      name: `lucid session ${name}`,
      about,
      positionals: [idArgument],
      flags: {
        reason: { type: 'string', value: 'TEXT', about: 'why; it stands in the audit of the session' },
        ...asFlag,
        ...jsonFlag,
      },
      exits: noSession,
    },
    async ({ flags, positionals: [given], terminal: { out } }) => {
      const id = requireId(given)
      const { client } = await openApi(flags)
      await work(client, id, flags.reason ?? `${name} by its owner`)
      const session = await findSession(client, id)
      const shown: Text = flags.json ? jsonText(session) : showSession(session)
      out(shown)
      return 0
    },
  )

const S = '/api/v1/sessions/{id}'
const changes = [
  change('terminate', 'ends a session where it is, with a gap', (client, id, reason) =>
    data(client.POST(`${S}/terminate`, { ...at(id), body: { reason } })),
  ),
  change('erase', 'has its content destroyed after a waiting time; the proof stays', (client, id) =>
    data(client.DELETE(S, at(id))),
  ),
  change('restore', 'takes an erasure back while there is time', (client, id) =>
    data(client.POST(`${S}/restore`, at(id))),
  ),
]

export const sessionCommands = [send, end, ...changes]
