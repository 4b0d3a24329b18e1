import type { Accounts } from './accounts.ts'
import { type Call, parseCall, parseSession } from './call.ts'
import { engineCommands } from './commands.ts'
import type { Cursors } from './cursors.ts'
import { type Doc, encode } from './document.ts'
import { buildError, CommandError, isLoss, isPassing, translateError, type Unmapped } from './errors.ts'
import { buildBuildInfo, buildHello, buildSetConfig, hasTransactions, type Pose } from './hello.ts'
import { type Identity, openIdentity } from './identity.ts'
import type { Pool, Query } from './pool.ts'
import type { Transactions } from './transactions.ts'
import type { Answer } from './writes.ts'

/** The replica set of one node: the host:port under which it was initiated, undefined before that. */
export type ReplicaSet = { readonly member: () => string | undefined; readonly initiate: (member: string) => void }

/** What all connections share. */
export type Front = {
  readonly pose: Pose
  readonly set: ReplicaSet
  readonly pool: Pool
  readonly cursors: Cursors
  readonly transactions: Transactions
  readonly accounts: Accounts | undefined
  readonly now: () => Date
  readonly nonce: () => string
  readonly unmapped: Unmapped
}

/** One client's connection. */
export type Connection = {
  /** Answers a command. Throws only when the engine was lost: then there is no answer. */
  readonly answer: (body: Uint8Array) => Promise<Buffer>
  /** Rolls back and frees what hung on it. */
  readonly gone: () => Promise<void>
}

type Context = { readonly front: Front; readonly who: Identity; readonly id: number }

const requirePlace = ({ session, number }: Call) => {
  if (session === undefined || number === undefined)
    throw new CommandError(72, 'InvalidOptions', 'a transaction needs lsid and txnNumber')
  return { session, number }
}

/** Ends a transaction, from within its session. */
const ending =
  (how: 'commit' | 'abort') =>
  async (call: Call, { front }: Context): Promise<Doc> => {
    const place = requirePlace(call)
    await front.transactions[how](place)
    front.cursors.transactionEnded(place.session)
    return { ok: 1 }
  }

const initiate = ({ request }: Call, { front: { set } }: Context): Doc => {
  if (set.member() !== undefined) throw new CommandError(23, 'AlreadyInitialized', 'already initialized')
  const { members } = request['replSetInitiate'] as { readonly members: readonly { readonly host: string }[] }
  set.initiate(String(members[0]?.host))
  return { ok: 1 }
}

/** Commands that the front answers by itself. */
const own: Readonly<Record<string, (call: Call, context: Context) => Doc | Promise<Doc>>> = {
  hello: ({ request, db }, { front: { pose, set, now }, who, id }) => ({
    ...buildHello(pose, { member: set.member(), now: now(), connection: id }),
    ...who.greet(request, db),
  }),
  ping: () => ({ ok: 1 }),
  buildInfo: (_, { front }) => buildBuildInfo(front.pose),
  saslStart: (call, { who }) => who.saslStart(call),
  saslContinue: (call, { who }) => who.saslContinue(call),
  endSessions: async ({ request }, { front: { transactions } }) => {
    const sessions = (request['endSessions'] as readonly unknown[]).flatMap((one) => parseSession(one) ?? [])
    await Promise.all(sessions.map(transactions.endSession))
    return { ok: 1 }
  },
  replSetInitiate: initiate,
  replSetGetConfig: (_, { front: { set } }) => buildSetConfig(set.member() ?? ''),
  commitTransaction: ending('commit'),
  abortTransaction: ending('abort'),
}

const findQuery = async (call: Call, { front: { transactions, pool }, id }: Context): Promise<Query> => {
  if (call.transaction === 'none') return pool.query
  const place = requirePlace(call)
  return call.transaction === 'starts' ? transactions.begin(place, id) : transactions.use(place, id)
}

/** Deadlocks and races outside a transaction are the engine's own affair: MongoDB would have tried again unseen. */
const repeat = async <T>(call: Call, attempt: () => Promise<T>): Promise<T> => {
  for (let tries = 0; ; tries++)
    try {
      return await attempt()
    } catch (error) {
      if (call.transaction !== 'none' || !isPassing(error) || tries >= 20) throw error
    }
}

const runOnEngine = async (call: Call, context: Context): Promise<Answer> => {
  const { front, id } = context
  const handler = engineCommands[call.name]
  if (handler === undefined) throw new CommandError(59, 'CommandNotFound', `no such command: '${call.name}'`)
  const query = await findQuery(call, context)
  const transaction = call.transaction === 'none' ? undefined : { session: requirePlace(call).session, query }
  const { cursors, unmapped } = front
  return repeat(call, () => handler(call, { cursors, query, asker: { connection: id, transaction }, unmapped }))
}

const carryOut = async (call: Call, context: Context): Promise<Answer> => {
  const { front, who } = context
  who.requireRight(call)
  if (call.number !== undefined && !hasTransactions(front.pose))
    throw new CommandError(
      20,
      'IllegalOperation',
      'Transaction numbers are only allowed on a replica set member or mongos',
    )
  const handler = own[call.name]
  if (handler !== undefined) return { reply: await handler(call, context), failed: false }
  const account = front.accounts?.answer(call)
  return account === undefined ? runOnEngine(call, context) : { reply: account, failed: false }
}

/** Any error ends a transaction. */
const abandon = async (call: Call, { transactions, cursors }: Front): Promise<void> => {
  if (call.transaction === 'none' || call.session === undefined || call.number === undefined) return
  await transactions.abort({ session: call.session, number: call.number })
  cursors.transactionEnded(call.session)
}

/** `id` tells connections apart. */
export const openConnection = (id: number, front: Front): Connection => {
  const context = { front, who: openIdentity(front.accounts, front.nonce), id }
  return {
    answer: async (body) => {
      let call: Call | undefined
      try {
        call = parseCall(body)
        const { reply, failed } = await carryOut(call, context)
        if (failed) await abandon(call, front)
        return Buffer.isBuffer(reply) ? reply : encode(reply)
      } catch (error) {
        if (isLoss(error)) throw error
        if (call !== undefined) await abandon(call, front)
        const inTransaction = call !== undefined && call.transaction !== 'none'
        return encode(buildError(translateError(error, { inTransaction, unmapped: front.unmapped })))
      }
    },
    gone: async () => {
      await front.transactions.connectionGone(id)
      await front.cursors.connectionGone(id)
    },
  }
}
