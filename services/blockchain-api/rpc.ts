import { failure, type Read, type RpcAnswer, type RpcCall, readBody, success } from './rpc-codec.ts'
import { RpcError } from './rpc-error.ts'

/** Answers one method; throws RpcError. */
export type Perform = (method: string, params: readonly unknown[]) => Promise<unknown>

/** Calls of a batch that are worked on at once: a batch must not crowd out everybody else. */
const ABREAST = 16

/**
 * Answers a JSON-RPC body: an object, an array for a batch, undefined when it held only notifications.
 * `perform` may throw anything; what is no RpcError is given to `unexpected` and answered as internal error.
 */
export const answerRpc = async (
  text: string,
  perform: Perform,
  unexpected: (error: unknown) => void,
): Promise<RpcAnswer | readonly RpcAnswer[] | undefined> => {
  const one = async ({ id, method, params }: RpcCall): Promise<RpcAnswer | undefined> => {
    const answer = await perform(method, params).then(
      (result) => success(id ?? null, result),
      (error: unknown) => {
        if (error instanceof RpcError) return failure(id ?? null, error)
        unexpected(error)
        return failure(id ?? null, new RpcError('internal', 'internal error'))
      },
    )
    return id === undefined ? undefined : answer
  }
  const settle = async (read: Read) => ('answer' in read ? read.answer : one(read.call))

  const { batch, reads } = readBody(text)
  const answers: (RpcAnswer | undefined)[] = []
  for (let at = 0; at < reads.length; at += ABREAST)
    answers.push(...(await Promise.all(reads.slice(at, at + ABREAST).map(settle))))
  const said = answers.filter((answer) => answer !== undefined)
  if (said.length === 0) return undefined
  return batch ? said : said[0]
}
