import type { Command, Flag, Flags } from '#common/cli/args'
import { EXIT_USAGE } from '#common/cli/read-command'
import { buildPolicy, type PolicyWishes } from '#common/policy/build'
import type { Channel, PolicySnapshot } from '#common/policy/snapshot'
import { CliError } from '../cli/fail.ts'

/** The channels of a policy, and the directions that each has. */
const directions: Readonly<Record<Channel, readonly ('to_session' | 'from_session')[]>> = {
  input: ['to_session'],
  clipboard: ['to_session', 'from_session'],
  files: ['to_session', 'from_session'],
  audio: ['to_session', 'from_session'],
  printing: ['from_session'],
}
export const channels = Object.keys(directions) as readonly Channel[]

const address = { type: 'string', value: 'ADDRESS', multiple: true } as const
const channel = { type: 'string', value: 'CHANNEL', multiple: true } as const

/** What somebody says of a policy; all that is not said is denied. */
export const policyFlags = {
  allow: { ...channel, about: `what is allowed: ${channels.join(', ')}; as clipboard:in or clipboard:out one way` },
  'on-request': { ...channel, about: 'what is allowed for five minutes once somebody approved it' },
  participant: { ...address, about: 'who may join beside you' },
  observer: { ...address, about: 'who may watch' },
  approver: { ...address, about: 'who may approve what others ask for, beside you' },
  'max-clipboard': { type: 'string', value: 'BYTES', about: 'largest clipboard content (default 65536)' },
  'max-file': { type: 'string', value: 'BYTES', about: 'largest file or print job (default 25000000)' },
  void: { type: 'boolean', about: 'who tries what is denied ends the session as void' },
  days: { type: 'string', value: 'N', about: 'in force for so many days, 30 at most (default 1)' },
} as const satisfies Record<string, Flag>

export type PolicyFlags = Flags<Omit<Command, 'flags'> & { readonly flags: typeof policyFlags }>

const usage = (message: string) => new CliError(message, { exitCode: EXIT_USAGE })

const parseWhole = (flag: string, given: string | undefined, most: number): number | undefined => {
  if (given === undefined) return undefined
  const value = Number(given)
  if (/^[1-9]\d{0,9}$/.test(given) && value <= most) return value
  throw usage(`--${flag} takes a whole number from 1 to ${most}, not '${given}'`)
}

const DAY = 86_400_000

type Access = 'allowed' | 'on_request'

/** `clipboard`, `clipboard:in`, `files:out` as a channel and its directions. */
export const parseChannel = (
  given: string,
): { readonly name: Channel; readonly ways: readonly ('to_session' | 'from_session')[] } => {
  const [name = '', way] = given.split(':')
  const has = channels.find((each) => each === name)
  const all = has === undefined ? [] : directions[has]
  const ways = way === undefined ? all : all.filter((each) => each === { in: 'to_session', out: 'from_session' }[way])
  if (has !== undefined && ways.length > 0) return { name: has, ways }
  throw usage(`'${given}' is no channel: use ${channels.join(', ')}, with :in or :out for one way of it`)
}

const channelWishes = (flags: PolicyFlags): PolicyWishes['channels'] => {
  const wishes: Record<string, Record<string, unknown>> = {}
  const grant = (access: Access) => (given: string) => {
    const { name, ways } = parseChannel(given)
    for (const way of ways) wishes[name] = { ...wishes[name], [way]: access }
  }
  flags['on-request'].forEach(grant('on_request'))
  flags.allow.forEach(grant('allowed'))
  const clipboard = parseWhole('max-clipboard', flags['max-clipboard'], 65_536)
  const file = parseWhole('max-file', flags['max-file'], 25_000_000)
  if (clipboard !== undefined) wishes['clipboard'] = { ...wishes['clipboard'], max_bytes: clipboard }
  if (file !== undefined) for (const name of ['files', 'printing']) wishes[name] = { ...wishes[name], max_bytes: file }
  return wishes
}

/** The policy that the flags describe. `nonce` = 32 fresh bytes as hex, `now` epoch ms. */
export const policyFromFlags = (
  flags: PolicyFlags,
  fixed: { readonly owner: string; readonly nonce: string; readonly now: number },
): PolicySnapshot =>
  buildPolicy(
    { ...fixed, validFor: (parseWhole('days', flags.days, 30) ?? 1) * DAY },
    {
      channels: channelWishes(flags) ?? {},
      participants: [...flags.participant],
      observers: [...flags.observer],
      approvers: [...new Set([fixed.owner, ...flags.approver])],
      on_violation: flags.void ? 'void' : 'block',
    },
  )
