/**
 * Lines as they are written to a stream, colours and all. Whoever makes one has escaped what is not ours in it; so only
 * the printers do (`text.ts`, `table.ts`, progress), and the import rules say so.
 */
export type Text = { readonly raw: string; readonly toString: () => string }

/** No object of a document that was read is in here, whatever its fields are. */
const made = new WeakSet<object>()

export const rawText = (raw: string): Text => {
  const own: Text = { raw, toString: () => raw }
  made.add(own)
  return own
}

export const isText = (value: unknown): value is Text => typeof value === 'object' && value !== null && made.has(value)
