import type { Channel, Direction, PolicySnapshot } from './snapshot.ts'

/** What somebody is about to do. `bytes` = size of the item; 0 where there is none, as for input and sound. */
export type Action = {
  readonly person: string
  readonly channel: Channel
  readonly direction: Direction
  readonly bytes: number
}

/** What somebody asks to be allowed for a while. `bytes` = the largest item. Times epoch ms. */
export type PolicyRequest = Action & {
  readonly id: string
  readonly reason: string
  readonly state: 'pending' | 'approved' | 'refused'
  readonly asked_at: number
  /** Of a pending request: when it lapses. Of an approved one: until when it holds. */
  readonly expires_at: number
  readonly decided_by?: string
  readonly decided_at?: number
}

/** All that a decision depends on. `now` epoch ms. */
export type Situation = {
  readonly policy: PolicySnapshot | undefined
  /** True from the first recorded byte to the end: no recording, no session. */
  readonly isRecorded: boolean
  /** True while the owner lets nobody act. */
  readonly isSuspended: boolean
  /** Those who were let in. */
  readonly participants: readonly string[]
  readonly observers: readonly string[]
  readonly requests: readonly PolicyRequest[]
  readonly now: number
}

/** What the rules look at: `access` and `cap` are the policy's, `grants` what was approved, whatever its size and end. */
type Facts = Situation & {
  readonly action: Action
  readonly access: string
  readonly cap: number
  readonly grants: readonly PolicyRequest[]
}

const gatherFacts = (situation: Situation, action: Action): Facts => {
  const { person, channel, direction } = action
  const terms: Readonly<Record<string, unknown>> = situation.policy?.channels[channel] ?? {}
  const { [direction]: access = 'denied', max_bytes: cap = Number.MAX_SAFE_INTEGER } = terms
  const isGrant = (one: PolicyRequest) =>
    one.state === 'approved' && one.person === person && one.channel === channel && one.direction === direction
  const grants = situation.requests.filter(isGrant)
  return { ...situation, action, access: String(access), cap: Number(cap), grants }
}

const sentences = {
  'no-policy': 'this session has no policy, so nothing is allowed in it: open one with a signed policy',
  'not-recorded': 'nothing is being recorded in this session: nobody acts before its first byte or after its end',
  'not-in-force': 'the policy of this session is not in force any more: open a session with a new one',
  observer: 'an observer of this session only watches',
  'not-admitted': 'join this session first',
  suspended: 'this session is paused: wait until it is resumed',
  denied: 'the policy of this session denies this, and no request can change it',
  'over-cap': 'this is larger than the policy of this session allows',
  allowed: 'the policy of this session allows this',
  granted: 'this was approved',
  'over-grant': 'this is larger than what was approved: ask again for its size',
  'grant-expired': 'what was approved has expired: ask again',
  'not-granted': 'the policy of this session allows this on request only: ask, and have somebody approve it',
} as const
export type RuleName = keyof typeof sentences

/** A `violation` is what nobody could have allowed under this policy; its owner said what follows. */
type Rule = readonly [rule: RuleName, effect: 'allow' | 'refuse' | 'violation', applies: (facts: Facts) => boolean]

/** In the order in which they are asked; an attempt that a request could have allowed is no violation. */
const rules: readonly Rule[] = [
  ['no-policy', 'refuse', ({ policy }) => policy === undefined],
  ['not-recorded', 'refuse', ({ isRecorded }) => !isRecorded],
  ['not-in-force', 'refuse', ({ policy, now }) => policy !== undefined && now >= policy.valid_until],
  ['observer', 'refuse', ({ observers, action }) => observers.includes(action.person)],
  ['not-admitted', 'refuse', ({ participants, action }) => !participants.includes(action.person)],
  ['suspended', 'refuse', ({ isSuspended }) => isSuspended],
  ['denied', 'violation', ({ access }) => access === 'denied'],
  ['over-cap', 'violation', ({ action, cap }) => action.bytes > cap],
  ['allowed', 'allow', ({ access }) => access === 'allowed'],
  [
    'granted',
    'allow',
    ({ grants, action, now }) => grants.some((one) => action.bytes <= one.bytes && now < one.expires_at),
  ],
  ['over-grant', 'refuse', ({ grants, now }) => grants.some(({ expires_at }) => now < expires_at)],
  ['grant-expired', 'refuse', ({ grants }) => grants.length > 0],
]
/** What no rule speaks of is not allowed. */
const byDefault: Rule = ['not-granted', 'refuse', () => true]

/** `rule` decided, and `says` why. */
export type Decision = {
  readonly outcome: 'allowed' | 'blocked' | 'void'
  readonly rule: RuleName
  readonly says: string
}

/** Whether an action is allowed, is blocked, or ends the session as void. */
export const decide = (situation: Situation, action: Action): Decision => {
  const facts = gatherFacts(situation, action)
  const [rule, effect] = rules.find(([, , applies]) => applies(facts)) ?? byDefault
  const isVoid = effect === 'violation' && situation.policy?.on_violation === 'void'
  return { outcome: effect === 'allow' ? 'allowed' : isVoid ? 'void' : 'blocked', rule, says: sentences[rule] }
}
