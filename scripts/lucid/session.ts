import type { Flag } from '#common/cli/args'
import { bytes } from '#common/cli/format'
import { EXIT_USAGE } from '#common/cli/read-command'
import { jsonText, type Text } from '#common/cli/text'
import { CliError } from '../cli/fail.ts'
import { type Api, data, openApi } from './api.ts'
import { entry } from './entry.ts'
import { asFlag, jsonFlag, keyFlags } from './flags.ts'
import { readSignedPolicy, signPolicy } from './policy.ts'
import { policyFlags } from './policy-flags.ts'
import { requireInput, sendInput } from './send.ts'
import { findSession, idArgument, noSession, requireId, showSession, waitForAnchor } from './sessions.ts'

const inputFlag = {
  type: 'string',
  value: 'FILE',
  about: 'what to record: a file, or - for standard input',
} as const satisfies Flag

const at = (id: string) => ({ params: { path: { id } } })

const start = entry(
  {
    name: 'lucid session start',
    about: 'begins a session under a policy of yours, and prints its id; session end seals it',
    flags: {
      policy: {
        type: 'string',
        value: 'FILE',
        about: 'a policy that is signed already; otherwise one is made of the flags',
      },
      ...policyFlags,
      input: inputFlag,
      'seal-to': { type: 'string', value: 'HEX', about: 'an X25519 key of yours, to which the session key is sealed' },
      ...keyFlags,
      ...jsonFlag,
    },
    examples: [
      'bun run lucid session start --policy policy.json --input screen.mp4',
      'bun run lucid session start --on-request clipboard --approver T... --input -',
    ],
    exits: { 66: 'there is no such policy, key or input', 77: 'it is not for you to do' },
  },
  async ({ flags, terminal: { out, err } }) => {
    if (flags.input !== undefined) await requireInput(flags.input)
    const { account, client } = await openApi(flags)
    const policy = flags.policy ? await readSignedPolicy(flags.policy) : await signPolicy(flags, err)
    const body = { policy, ...(flags['seal-to'] !== undefined && { owner_x25519: flags['seal-to'] }) }
    const session = await data(client.POST('/api/v1/sessions', { body }))
    out(flags.json ? jsonText(session) : `${session.id}\n`)
    if (flags.input !== undefined) {
      const count = await sendInput({ account, client }, session.id, { input: flags.input, append: false, err })
      err(`${bytes(count)} sent; seal it with: bun run lucid session end ${session.id}\n`)
    }
    return 0
  },
)

const send = entry(
  {
    name: 'lucid session send',
    about: 'sends what is to be recorded into a session of yours; a file goes on where it broke off',
    positionals: [idArgument],
    flags: {
      input: { ...inputFlag, required: true },
      append: { type: 'boolean', about: 'all of the file, behind what was sent before' },
      ...asFlag,
      ...jsonFlag,
    },
    exits: noSession,
  },
  async ({ flags, positionals: [id], terminal: { out, err } }) => {
    const session = requireId(id)
    const count = await sendInput(await openApi(flags), session, { ...flags, err })
    err(`${bytes(count)} sent; seal it with: bun run lucid session end ${session}\n`)
    if (flags.json) out(jsonText({ session, bytes: count }))
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
const change = (name: string, about: string, work: (client: Api, id: string, reason: string) => Promise<unknown>) =>
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
const by = (name: 'pause' | 'resume' | 'terminate' | 'void') => (client: Api, id: string, reason: string) =>
  data(client.POST(`${S}/${name}`, { ...at(id), body: { reason } }))
const changes = [
  change('pause', 'lets nobody act in a session until it is resumed', by('pause')),
  change('resume', 'lets people act in it again', by('resume')),
  change('terminate', 'ends a session where it is, with a gap', by('terminate')),
  change('void', 'ends a session as void: somebody broke its policy', by('void')),
  change('join', 'enters a session whose policy names you as a participant', (client, id) =>
    data(client.POST(`${S}/join`, { ...at(id), body: { as: 'participant' } })),
  ),
  change('watch', 'enters a session whose policy names you as an observer', (client, id) =>
    data(client.POST(`${S}/join`, { ...at(id), body: { as: 'observer' } })),
  ),
  change('erase', 'has its content destroyed after a waiting time; the proof stays', (client, id) =>
    data(client.DELETE(S, at(id))),
  ),
  change('restore', 'takes an erasure back while there is time', (client, id) =>
    data(client.POST(`${S}/restore`, at(id))),
  ),
]

export const sessionCommands = [start, send, end, ...changes]
