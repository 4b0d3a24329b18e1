/** A stream line by line. */
export type Lines = {
  /** The next line, or undefined when the stream has ended. */
  readonly next: () => Promise<string | undefined>
  /** Nothing more is wanted: a stream that is open keeps the process alive. */
  readonly stop: () => Promise<void>
}

/** Reads a stream line by line, on demand. Nothing is opened before the first call. */
export const lines = (open: () => ReadableStream<Uint8Array>): Lines => {
  const decoder = new TextDecoder()
  type Chunk = { readonly done: boolean; readonly value?: Uint8Array | undefined }
  let reader: { readonly read: () => Promise<Chunk>; readonly cancel: () => Promise<unknown> } | undefined
  let held = ''
  return {
    next: async () => {
      const source = reader ?? open().getReader()
      reader = source
      for (;;) {
        const end = held.indexOf('\n')
        if (end >= 0) {
          const line = held.slice(0, end)
          held = held.slice(end + 1)
          return line
        }
        const { done, value } = await source.read()
        if (done) {
          const rest = held
          held = ''
          return rest === '' ? undefined : rest
        }
        held += decoder.decode(value, { stream: true })
      }
    },
    stop: async () => {
      await reader?.cancel()
    },
  }
}
