import { type ClientSession, type MongoClient, MongoError, MongoRuntimeError, type TransactionOptions } from 'mongodb'
import { commitUnknownFault } from './mongo-fault.ts'

/** One snapshot for all reads; acknowledged once a majority has it in its journal. */
const options: TransactionOptions = {
  readConcern: { level: 'snapshot' },
  writeConcern: { w: 'majority', journal: true },
  readPreference: 'primary',
}

export const hasLabel = (error: unknown, label: string): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'errorLabels' in error &&
  Array.isArray(error.errorLabels) &&
  error.errorLabels.includes(label)

export const TRANSIENT = 'TransientTransactionError'
const UNKNOWN = 'UnknownTransactionCommitResult'

/** The error with the mark that has its transaction run again from the beginning. */
export const runAgain = (cause: unknown): MongoError => {
  const error = cause instanceof MongoError ? cause : new MongoRuntimeError('the transaction has to run again')
  error.addErrorLabel(TRANSIENT)
  return error
}

/**
 * Pause before the nth try, ms: others who met the same conflict must not meet again. Not `backoff`: what is loaded with
 * the driver may load nothing that only some programs have, or its chunk, a layer of 220 KB, is another one in each image.
 */
const pauseBefore = (attempt: number): number => Math.random() * Math.min(500, 5 * 1.5 ** attempt)

/**
 * Runs `work` in a transaction and answers what it answers, as the driver's own `withTransaction` does (MongoDB
 * specification "Convenient API for Transactions"), with two differences: it gives up after `timeoutMs` instead
 * of two minutes, and a commit that was never answered is a Fault of its own, `store-commit-unknown`.
 */
export const inTransaction = async <R>(
  client: MongoClient,
  { timeoutMs }: { readonly timeoutMs: number },
  work: (session: ClientSession) => Promise<R>,
): Promise<R> => {
  const deadline = performance.now() + timeoutMs
  const inTime = () => performance.now() < deadline
  const session = client.startSession()

  const commit = async (): Promise<void> => {
    for (let attempt = 1; ; attempt++)
      try {
        return await session.commitTransaction()
      } catch (error) {
        if (!hasLabel(error, UNKNOWN)) throw error
        if (!inTime()) throw commitUnknownFault(error)
        await Bun.sleep(pauseBefore(attempt))
      }
  }

  try {
    for (let attempt = 1; ; attempt++)
      try {
        session.startTransaction(options)
        const result = await work(session)
        await commit()
        return result
      } catch (error) {
        // The failure that counts is the one at hand: a server that is away forgets the transaction by itself.
        if (session.inTransaction()) await session.abortTransaction().catch(() => {})
        if (!hasLabel(error, TRANSIENT) || !inTime()) throw error
        await Bun.sleep(pauseBefore(attempt))
      }
  } finally {
    await session.endSession()
  }
}
