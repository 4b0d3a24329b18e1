import type { Accounts, User } from './accounts.ts'
import type { Call } from './call.ts'
import type { Doc } from './document.ts'
import { CommandError } from './errors.ts'
import { allows, needsOf, open, type Privilege } from './rights.ts'
import { begin, type Conversation, finish, userIn } from './scram.ts'

/** Who a connection is, and whether it may. */
export type Identity = {
  /** `db.user`, undefined before anybody has proved who he is. */
  readonly name: () => string | undefined
  /** saslStart, saslContinue and logout. */
  readonly talk: (call: Call) => Doc
  /** What hello carries besides: the answer to a `speculativeAuthenticate`, the mechanisms of a user. */
  readonly greet: (request: Doc, db: string) => Doc
  /** Throws 13 Unauthorized when the command may not be. */
  readonly demand: (call: Call) => void
  readonly status: () => Doc
}

const mechanism = 'SCRAM-SHA-256'
const failed = () => new CommandError(18, 'AuthenticationFailed', 'Authentication failed.')

/** While there is no user, whoever is on this machine may make the first one and look after the set. */
const localhostException: readonly Privilege[] = [
  { resource: { db: 'admin', collection: '' }, actions: ['createUser', 'createRole', 'grantRole'] },
  { resource: { cluster: true }, actions: ['replSetConfigure', 'replSetGetStatus'] },
]

const bytesOf = (payload: unknown): Buffer => {
  if (payload instanceof Uint8Array) return Buffer.from(payload)
  throw failed()
}

/** Field values that would fill a log, or tell a secret. */
const hidden: Readonly<Record<string, unknown>> = {
  pwd: 'xxx',
  documents: '...',
  lsid: undefined,
  $clusterTime: undefined,
}

const shown = (request: Doc): string => {
  const fields = Object.entries(request).filter(([name]) => !(name in hidden) || hidden[name] !== undefined)
  return `{ ${fields.map(([name, value]) => `${name}: ${JSON.stringify(hidden[name] ?? value)}`).join(', ')} }`
}

/** `accounts` undefined: nobody has to prove anything. `random` gives the server's half of a nonce. */
export const identity = (accounts: Accounts | undefined, random: () => string): Identity => {
  let user: { readonly user: string; readonly db: string } | undefined
  let conversation: { readonly db: string; readonly about: Conversation } | undefined

  const start = (request: Doc, db: string): Doc => {
    const first = bytesOf(request['payload']).toString()
    const name = userIn(first)
    const found = name === undefined ? undefined : accounts?.find(name, db)
    const about = found && begin(first, found.credentials, random())
    if (request['mechanism'] !== mechanism || about === undefined) throw failed()
    conversation = { db, about }
    return { conversationId: 1, done: false, payload: Buffer.from(about.serverFirst), ok: 1 }
  }

  const goOn = (request: Doc): Doc => {
    const said = bytesOf(request['payload'])
    if (said.length === 0 && user !== undefined)
      return { conversationId: 1, done: true, payload: said, ok: 1 }
    const now = conversation
    conversation = undefined
    const last = now && finish(now.about, said.toString())
    if (now === undefined || last === undefined) throw failed()
    user = { user: now.about.user, db: now.db }
    return { conversationId: 1, done: true, payload: Buffer.from(last), ok: 1 }
  }

  const record = (): User | undefined => user && accounts?.find(user.user, user.db)

  return {
    name: () => user && `${user.db}.${user.user}`,
    talk: ({ name, request, db }) => {
      if (name === 'saslStart') return start(request, db)
      if (name === 'saslContinue') return goOn(request)
      user = undefined
      return { ok: 1 }
    },
    greet: (request, db) => {
      const asked = request['saslSupportedMechs']
      const attempt = request['speculativeAuthenticate'] as Doc | undefined
      let answer: Doc | undefined
      try {
        answer = attempt && start(attempt, String(attempt['db'] ?? db))
      } catch {
        answer = undefined // the client tries again with saslStart, and is refused there
      }
      return {
        ...(typeof asked === 'string' ? { saslSupportedMechs: [mechanism] } : {}),
        ...(answer === undefined ? {} : { speculativeAuthenticate: answer }),
      }
    },
    demand: ({ name, request, db, collection }) => {
      if (accounts === undefined || open.has(name)) return
      const needs = needsOf(name, request, { db, collection })
      if (user === undefined) {
        if (accounts.users().length === 0 && needs !== undefined && allows(localhostException, needs)) return
        throw new CommandError(13, 'Unauthorized', `Command ${name} requires authentication`)
      }
      const found = record()
      if (found === undefined || !allows(accounts.privileges(found), needs ?? []))
        throw new CommandError(
          13,
          'Unauthorized',
          `not authorized on ${db} to execute command ${shown(request)}`,
        )
    },
    status: () => ({
      authInfo: {
        authenticatedUsers: user === undefined ? [] : [user],
        authenticatedUserRoles: record()?.roles ?? [],
      },
      ok: 1,
    }),
  }
}
