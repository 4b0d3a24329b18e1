import { accountCommands } from './account-commands.ts'
import type { Accounts } from './accounts.ts'
import { type Call, callOf } from './call.ts'
import { type Answer, engineCommands, explainDuplicate, inTransactions } from './commands.ts'
import type { Cursors } from './cursors.ts'
import { type Doc, encode } from './document.ts'
import { CommandError, commandErrorOf, errorReply, isLoss, isPassing } from './errors.ts'
import { buildInfoReply, configReply, hasTransactions, helloReply, type Pose, statusReply } from './hello.ts'
import { type Identity, identity } from './identity.ts'
import type { Pool, Query } from './pool.ts'
import type { Transactions } from './transactions.ts'

/** What all connections share. */
export type Front = {
  readonly pose: Pose
  /** host:port */
  readonly me: () => string
  readonly pool: Pool
  readonly cursors: Cursors
  readonly transactions: Transactions
  readonly accounts: Accounts | undefined
  readonly now: () => Date
  readonly nonce: () => string
  readonly unmapped: (state: string, message: string) => void
}

/** One client's connection. */
export type Connection = {
  /** Answers a command. Throws only when the engine was lost: then there is no answer. */
  readonly answer: (body: Uint8Array) => Promise<Buffer>
  /** Rolls back and frees what hung on it. */
  readonly gone: () => Promise<void>
}

type Own = (call: Call, who: Identity, front: Front, id: number) => Doc | Promise<Doc>

const ok: Own = () => ({ ok: 1 })
const hello: Own = ({ request, db }, who, { pose, me, now }, id) => ({
  ...helloReply(pose, { me: me(), now: now(), connection: id }),
  ...who.greet(request, db),
})
const talk: Own = (call, who) => who.talk(call)

const onlyInSets = (pose: Pose): void => {
  if (pose === 'standalone') throw new CommandError(76, 'NoReplicationEnabled', 'not running with --replSet')
}

const sessionsIn = (request: Doc): readonly string[] => {
  const list = request['endSessions']
  return Array.isArray(list)
    ? list.flatMap((one: { readonly id?: unknown }) =>
        one.id instanceof Uint8Array ? [Buffer.from(one.id).toString('hex')] : [],
      )
    : []
}

/** Commands that the front answers by itself. */
const own: Readonly<Record<string, Own>> = {
  hello,
  isMaster: hello,
  ping: ok,
  refreshSessions: ok,
  buildInfo: (_call, _who, { pose }) => buildInfoReply(pose),
  saslStart: talk,
  saslContinue: talk,
  logout: talk,
  connectionStatus: (_, who) => who.status(),
  endSessions: async ({ request }, _, { transactions }) => {
    await Promise.all(sessionsIn(request).map(transactions.endSession))
    return { ok: 1 }
  },
  replSetInitiate: (_call, _who, { pose }) => {
    onlyInSets(pose)
    throw new CommandError(23, 'AlreadyInitialized', 'already initialized')
  },
  replSetGetStatus: (_call, _who, { pose, me, now }) => {
    onlyInSets(pose)
    return statusReply({ me: me(), now: now() })
  },
  replSetGetConfig: (_call, _who, { pose, me }) => {
    onlyInSets(pose)
    return configReply(me())
  },
}

const placeOf = ({ session, number }: Call) => {
  if (session === undefined || number === undefined)
    throw new CommandError(72, 'InvalidOptions', 'a transaction needs lsid and txnNumber')
  return { session, number }
}

/** Ends a transaction, from within its session. */
const ending: Readonly<Record<string, (call: Call, front: Front) => Promise<void>>> = {
  commitTransaction: (call, { transactions }) => transactions.commit(placeOf(call)),
  abortTransaction: (call, { transactions }) => transactions.abort(placeOf(call)),
}

const queryFor = async (call: Call, { transactions, pool }: Front, id: number): Promise<Query> => {
  if (call.transaction === 'none') return pool.query
  if (!inTransactions.has(call.name))
    throw new CommandError(
      263,
      'OperationNotSupportedInTransaction',
      `Cannot run '${call.name}' in a multi-document transaction.`,
    )
  return call.transaction === 'starts'
    ? transactions.begin(placeOf(call), id)
    : transactions.use(placeOf(call), id)
}

/** Deadlocks and races outside a transaction are the engine's own affair: MongoDB would have tried again unseen. */
const again = async <T>(call: Call, attempt: () => Promise<T>): Promise<T> => {
  for (let tries = 0; ; tries++)
    try {
      return await attempt()
    } catch (error) {
      if (call.transaction !== 'none' || !isPassing(error) || tries >= 20) throw error
    }
}

const byEngine = async (call: Call, who: Identity, front: Front, id: number): Promise<Answer> => {
  const handler = engineCommands[call.name]
  if (handler === undefined) throw new CommandError(59, 'CommandNotFound', `no such command: '${call.name}'`)
  const query = await queryFor(call, front, id)
  const inside = call.transaction !== 'none'
  return again(call, () =>
    handler(call, {
      cursors: front.cursors,
      query,
      asker: {
        connection: id,
        user: who.name(),
        transaction: inside ? { session: placeOf(call).session, query } : undefined,
      },
      unmapped: front.unmapped,
    }),
  )
}

const refuseOnStandalone = ({ number }: Call, pose: Pose): void => {
  if (number !== undefined && !hasTransactions(pose))
    throw new CommandError(
      20,
      'IllegalOperation',
      'Transaction numbers are only allowed on a replica set member or mongos',
    )
}

const carryOut = async (call: Call, who: Identity, front: Front, id: number): Promise<Answer> => {
  who.demand(call)
  const mine = own[call.name]
  if (mine !== undefined) return { reply: await mine(call, who, front, id), failed: false }
  const account = accountCommands[call.name]
  if (account !== undefined && front.accounts !== undefined)
    return { reply: account(call, front.accounts), failed: false }
  refuseOnStandalone(call, front.pose)
  const end = ending[call.name]
  if (end === undefined) return byEngine(call, who, front, id)
  await end(call, front)
  front.cursors.transactionEnded(placeOf(call).session)
  return { reply: { ok: 1 }, failed: false }
}

const abandon = async (call: Call, { transactions, cursors }: Front): Promise<void> => {
  if (call.transaction === 'none' || call.session === undefined || call.number === undefined) return
  await transactions.abort({ session: call.session, number: call.number })
  cursors.transactionEnded(call.session)
}

/** The engine's text for a duplicate says less than MongoDB's. */
const completed = async (error: CommandError, call: Call, front: Front): Promise<Doc> => ({
  ...errorReply(error),
  ...(error.code === 11000 ? await explainDuplicate(call, 0, error.message, front.pool.query) : {}),
})

/** `id` tells connections apart. */
export const connection = (id: number, front: Front): Connection => {
  const who = identity(front.accounts, front.nonce)

  const refuse = async (thrown: unknown, call: Call | undefined): Promise<Buffer> => {
    const error = commandErrorOf(thrown, {
      inTransaction: call !== undefined && call.transaction !== 'none',
      unmapped: front.unmapped,
    })
    if (call === undefined) return encode(errorReply(error))
    await abandon(call, front)
    return encode(await completed(error, call, front).catch(() => errorReply(error)))
  }

  return {
    answer: async (body) => {
      let call: Call | undefined
      try {
        call = callOf(body)
        const { reply, failed } = await carryOut(call, who, front, id)
        if (failed) await abandon(call, front)
        return Buffer.isBuffer(reply) ? reply : encode(reply)
      } catch (error) {
        if (isLoss(error)) throw error
        return refuse(error, call)
      }
    },
    gone: async () => {
      await front.transactions.connectionGone(id)
      await front.cursors.connectionGone(id)
    },
  }
}
