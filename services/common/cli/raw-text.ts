/** Escaped lines as they are written to a stream, colours and all; only the printers make them (the import rules). */
export type Text = { readonly raw: string; readonly toString: () => string }

/** No object of a document that was read is in here, whatever its fields are. */
const made = new WeakSet<object>()

export const rawText = (raw: string): Text => {
  const own: Text = { raw, toString: () => raw }
  made.add(own)
  return own
}

export const isText = (value: unknown): value is Text => typeof value === 'object' && value !== null && made.has(value)
