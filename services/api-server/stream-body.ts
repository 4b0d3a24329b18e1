import { requestContext, withRequestContext } from '#common/process/request-context'

/**
 * Pieces as a body that is made as fast as it is read, in the context of the request that asked for it; `onEnd` runs once,
 * however it ends.
 */
export const toStream = <P extends Uint8Array<ArrayBuffer>>(
  pieces: AsyncGenerator<P>,
  onEnd: () => void = () => {},
): ReadableStream<P> => {
  const context = requestContext()
  const next = () => (context === undefined ? pieces.next() : withRequestContext(context, () => pieces.next()))
  const pull = async (controller: ReadableStreamDefaultController<P>): Promise<void> => {
    try {
      const { done, value } = await next()
      if (!done) return controller.enqueue(value)
      onEnd()
      controller.close()
    } catch (error) {
      onEnd()
      throw error
    }
  }
  const cancel = async (): Promise<void> => {
    onEnd()
    await pieces.return(undefined)
  }
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 })
}
