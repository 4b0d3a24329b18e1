/** Reads a stream line by line, on demand; undefined when it has ended. Nothing is opened before the first call. */
export const lines = (open: () => ReadableStream<Uint8Array>): (() => Promise<string | undefined>) => {
  const decoder = new TextDecoder()
  let reader: { read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }> } | undefined
  let held = ''
  return async () => {
    reader ??= open().getReader()
    for (;;) {
      const end = held.indexOf('\n')
      if (end >= 0) {
        const line = held.slice(0, end)
        held = held.slice(end + 1)
        return line
      }
      const { done, value } = await reader.read()
      if (done) {
        const rest = held
        held = ''
        return rest === '' ? undefined : rest
      }
      held += decoder.decode(value, { stream: true })
    }
  }
}
