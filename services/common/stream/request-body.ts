import { Fault } from '../process/fault.ts'
import { free } from './bytes.ts'

/** The Fault of a body whose sender went away before its end. */
export const cutOff = (cause: unknown): Fault =>
  new Fault('invalid', 'cut-off', 'the sender went away before the end of the body', { cause })

/** The body of a request; a piece is valid until the next is asked for. Throws Fault `cut-off` without an end. */
export async function* readBody(request: Request): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { body } = request
  if (body === null) return
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      if (value.length > 0) yield value
      free(value)
    }
  } catch (cause) {
    throw cutOff(cause)
  } finally {
    reader.releaseLock()
  }
}
