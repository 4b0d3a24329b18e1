/** Resolves after so many ms, or early when the signal is aborted; never rejects. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>

/**
 * Runs `beat` every so many ms until the answer is called, which waits for the last one. A failed beat is
 * followed by the next: whoever depends on it asks for itself.
 */
export const keepAlive = (
  beat: () => Promise<void>,
  { pause, everyMs }: { readonly pause: Pause; readonly everyMs: number },
): (() => Promise<void>) => {
  const over = new AbortController()
  const loop = async () => {
    while (!over.signal.aborted) {
      await pause(everyMs, over.signal)
      if (!over.signal.aborted) await beat().catch(() => undefined)
    }
  }
  const ended = loop()
  return () => {
    over.abort()
    return ended
  }
}
