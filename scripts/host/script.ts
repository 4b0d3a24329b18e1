/** What a script did. Never thrown for its exit code. */
export type ScriptResult = { readonly code: number; readonly out: string; readonly err: string }

export type ScriptOptions = {
  /** Standard input of the script, text; nothing unless given. It is in no argument list and in no file. */
  readonly input?: string
  /** The connection is given up when the script takes longer, ms. */
  readonly timeoutMs?: number
  /** Called with what it prints on standard output, as it comes. */
  readonly onOut?: (text: string) => void
}

/** Bytes for the standard input of a script. */
export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** Longest time of one script unless its options say otherwise, ms: a pull of all images over a slow connection has its own. */
export const SCRIPT_MS = 120_000

/** The end of what a script said, for people. */
export const lastLines = (text: string): readonly string[] => text.trim().split('\n').filter(Boolean).slice(-5)
