import { type Accounts, findUser } from './accounts.ts'
import type { Call } from './call.ts'
import type { Doc } from './document.ts'
import { CommandError } from './errors.ts'
import { allows, findNeeds, type Privilege } from './rights.ts'
import { beginConversation, type Conversation, finishConversation, parseUser } from './scram.ts'

const mechanism = 'SCRAM-SHA-256'
const refused = () => new CommandError(18, 'AuthenticationFailed', 'Authentication failed.')
const unauthorized = (text: string) => new CommandError(13, 'Unauthorized', text)

/** Commands that are answered before anybody has said who they are. */
const open: ReadonlySet<string> = new Set(['hello', 'ping', 'buildInfo', 'saslStart', 'saslContinue'])

/** While there is no user, whoever is on this machine may make the first one and initiate the set. */
const localhostException: readonly Privilege[] = [
  { resource: { db: 'admin', collection: '' }, actions: ['createUser'] },
  { resource: { cluster: true }, actions: ['replSetConfigure'] },
]

const parsePayload = ({ payload }: Doc): string => {
  if (payload instanceof Uint8Array) return Buffer.from(payload).toString()
  throw refused()
}

const startConversation = (
  accounts: Accounts | undefined,
  { request, db }: Pick<Call, 'request' | 'db'>,
  random: string,
): Conversation => {
  const first = parsePayload(request)
  const name = parseUser(first)
  const user = name === undefined ? undefined : accounts && findUser(accounts.state(), name, db)
  const conversation = user && beginConversation(first, user.credentials, random)
  if (request['mechanism'] !== mechanism || conversation === undefined) throw refused()
  return conversation
}

const reply = (text: string, done: boolean): Doc => ({ conversationId: 1, done, payload: Buffer.from(text), ok: 1 })

const requireAllowed = (accounts: Accounts, user: Name | undefined, call: Call): void => {
  const needs = findNeeds(call.name, call.request, call)
  const state = accounts.state()
  if (user === undefined) {
    if (state.users.length === 0 && needs.length > 0 && allows(localhostException, needs)) return
    throw unauthorized(`Command ${call.name} requires authentication`)
  }
  const found = findUser(state, user.user, user.db)
  if (found === undefined || !allows(accounts.privileges(found), needs))
    throw unauthorized(`not authorized on ${call.db} to execute command ${call.name}`)
}

type Name = { readonly user: string; readonly db: string }

/** Who a connection is, and whether it may. `accounts` undefined: nobody has to prove anything. `random` gives the server's half of a nonce. */
export const openIdentity = (accounts: Accounts | undefined, random: () => string) => {
  let user: Name | undefined
  let conversation: { readonly db: string; readonly about: Conversation } | undefined

  const saslStart = (call: Pick<Call, 'request' | 'db'>): Doc => {
    const about = startConversation(accounts, call, random())
    conversation = { db: call.db, about }
    return reply(about.serverFirst, false)
  }
  return {
    saslStart,
    saslContinue: ({ request }: Pick<Call, 'request'>): Doc => {
      const text = parsePayload(request)
      if (text === '' && user !== undefined) return reply('', true)
      const current = conversation
      conversation = undefined
      const last = current && finishConversation(current.about, text)
      if (current === undefined || last === undefined) throw refused()
      user = { user: current.about.user, db: current.db }
      return reply(last, true)
    },
    /** What hello carries besides: the answer to a `speculativeAuthenticate`, the mechanisms of a user. */
    greet: (request: Doc, db: string): Doc => {
      const attempt = request['speculativeAuthenticate'] as Doc | undefined
      let answer: Doc | undefined
      try {
        answer = attempt && saslStart({ request: attempt, db: String(attempt['db'] ?? db) })
      } catch {
        answer = undefined // the client tries again with saslStart, and is refused there
      }
      return {
        ...(typeof request['saslSupportedMechs'] === 'string' ? { saslSupportedMechs: [mechanism] } : {}),
        ...(answer === undefined ? {} : { speculativeAuthenticate: answer }),
      }
    },
    /** Throws 13 Unauthorized when the command may not be. */
    requireRight: (call: Call): void => {
      if (accounts !== undefined && !open.has(call.name)) requireAllowed(accounts, user, call)
    },
  }
}

export type Identity = ReturnType<typeof openIdentity>
