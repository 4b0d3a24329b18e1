import { nextTurn } from './pacing.ts'
import { failure, type Read, type RpcAnswer, type RpcCall, type RpcId, readBody, success } from './rpc-codec.ts'
import { RpcError } from './rpc-error.ts'

/** Answers one method; throws RpcError. */
export type Perform = (method: string, params: readonly unknown[]) => Promise<unknown>

/** Calls of a batch that are worked on at once: a batch must not crowd out everybody else. */
const ABREAST = 8
/** Characters that the answers of one batch may have; the first is given whatever it has, since no part of it is one. */
export const ANSWER_LIMIT = 2 * 1024 * 1024

const tooLarge = (id: RpcId) =>
  failure(id, new RpcError('limit-exceeded', `the answers of a batch have ${ANSWER_LIMIT} bytes at most; ask in parts`))

/** Answers as text, as long as they fit: what is written is not held as objects, and not more than the limit of it. */
const answerWriter = () => {
  const texts: string[] = []
  let size = 0
  return {
    texts,
    isFull: () => size >= ANSWER_LIMIT,
    write: (answer: RpcAnswer) => {
      const text = JSON.stringify(answer)
      const fits = size === 0 || size + text.length <= ANSWER_LIMIT
      texts.push(fits ? text : JSON.stringify(tooLarge(answer.id)))
      size += fits ? text.length : ANSWER_LIMIT
    },
  }
}

export type RpcParts = {
  /** May throw anything. */
  readonly perform: Perform
  /** Is given what is no RpcError; the call is answered as internal error. */
  readonly unexpected: (error: unknown) => void
  /** Aborted when nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

/** Answers a JSON-RPC body (or batch) as JSON; undefined for notifications only, or when nobody waits any more. */
export const answerRpc = async (
  source: string | Uint8Array,
  { perform, unexpected, signal }: RpcParts,
): Promise<string | undefined> => {
  const { texts, isFull, write } = answerWriter()
  const one = async ({ id, method, params }: RpcCall): Promise<RpcAnswer | undefined> => {
    const known = id ?? null
    const answer = isFull()
      ? tooLarge(known)
      : await perform(method, params).then(
          (result) => success(known, result),
          (error: unknown) => {
            if (error instanceof RpcError) return failure(known, error)
            unexpected(error)
            return failure(known, new RpcError('internal', 'internal error'))
          },
        )
    return id === undefined ? undefined : answer
  }
  const settle = async (read: Read) => ('answer' in read ? read.answer : one(read.call))

  const { batch, reads } = readBody(source)
  for (let at = 0; at < reads.length; at += ABREAST) {
    await nextTurn() // what is answered from memory would hold the thread to the end of the batch
    if (signal?.aborted) return undefined
    const answers = await Promise.all(reads.slice(at, at + ABREAST).map(settle))
    for (const answer of answers) if (answer !== undefined) write(answer)
  }
  return batch && texts.length > 0 ? `[${texts.join()}]` : texts[0]
}
