import { findEnd } from './frame.ts'

/** Reads a stream as text, script by script: each ends with its mark. */
export const openMarkedStream = (stream: ReadableStream<Uint8Array>) => {
  const decoder = new TextDecoder()
  const source = stream.getReader()
  let rest = ''
  return {
    /** Everything that came and belongs to no script. */
    rest: () => rest,
    /** Waits for nothing more: a process that a script left behind may hold the stream open. */
    stop: () => void source.cancel().catch(() => undefined),
    until: async (mark: string, onText: (text: string) => void = () => {}) => {
      let shown = 0
      for (;;) {
        const end = findEnd(rest, mark)
        const ready = end === undefined ? Math.max(shown, rest.length - mark.length - 16) : end.text.length
        if (ready > shown) onText(rest.slice(shown, ready))
        shown = Math.max(shown, ready)
        if (end !== undefined) {
          rest = end.rest
          return end
        }
        const { done, value } = await source.read()
        if (done) return undefined
        rest += decoder.decode(value, { stream: true })
      }
    },
  }
}
