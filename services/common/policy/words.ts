import { bytes } from '../cli/format.ts'
import type { Channel, PolicySnapshot } from './snapshot.ts'

const channelNames: Readonly<Record<Channel, string>> = {
  input: 'Keyboard and mouse',
  clipboard: 'Clipboard',
  files: 'Files',
  audio: 'Sound',
  printing: 'Printing',
}
const accessNames = { denied: 'denied', on_request: 'on request', allowed: 'allowed' } as const

const describeChannel = (name: string, channel: PolicySnapshot['channels'][Channel]): string => {
  const ways = [
    ...('to_session' in channel ? [`${accessNames[channel.to_session]} into the session`] : []),
    ...('from_session' in channel ? [`${accessNames[channel.from_session]} out of it`] : []),
  ]
  const cap = 'max_bytes' in channel ? `; at most ${bytes(channel.max_bytes)} an item` : ''
  return `${name}: ${ways.join(', ')}${cap}`
}

const list = (people: readonly string[]): string => (people.length === 0 ? 'nobody' : people.join(', '))

/** What a policy allows, as lines for people. */
export const describePolicy = (policy: PolicySnapshot): readonly string[] => [
  ...Object.entries(channelNames).map(([channel, name]) => describeChannel(name, policy.channels[channel as Channel])),
  `May join beside the owner: ${list(policy.participants)}`,
  `May watch: ${list(policy.observers)}`,
  `May approve what others ask for: ${list(policy.approvers)}`,
  policy.on_violation === 'void'
    ? 'Whoever tries what is denied ends the session as void'
    : 'What is denied is blocked, and the session goes on',
  `In force until ${new Date(policy.valid_until).toISOString()}`,
]
