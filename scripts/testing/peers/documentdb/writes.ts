import { BSON } from 'mongodb'
import { type Doc, decodeExactly } from './document.ts'
import { knownCode, unpackState, writeConflict } from './errors.ts'
import { fromEngine, type Row } from './pool.ts'

/** Answers to insert, update, delete and findAndModify, in MongoDB's words. */

type WriteError = { readonly index?: unknown; readonly code?: unknown; readonly errmsg?: unknown }

const numberOf = (value: unknown): number => Number((value as { valueOf: () => unknown }).valueOf())

/** Completes the text and fields of an error 11000; the engine says no more than the index's name. */
export type Explain = (index: number, message: string) => Promise<Doc>

const translated = async (
  error: WriteError,
  explain: Explain,
  unmapped: (state: string, message: string) => void,
): Promise<Doc> => {
  const state = unpackState(numberOf(error.code))
  const message = String(error.errmsg)
  const known = knownCode(state, message)
  if (known === undefined) unmapped(state, message)
  const code = known?.[0] ?? 8
  const whole = { ...error, code: new BSON.Int32(code) }
  return code === 11000 ? { ...whole, ...(await explain(numberOf(error.index ?? 0), message)) } : whole
}

/**
 * The answer to a write. Without errors it goes out as it is. Write conflicts among the errors are thrown as
 * the command's own error, as MongoDB does. `failed` says whether it carries any.
 */
export const writeReply = async (
  row: Row,
  {
    explain,
    unmapped,
    inTransaction,
  }: {
    readonly explain: Explain
    readonly unmapped: (state: string, message: string) => void
    readonly inTransaction: boolean
  },
): Promise<{ readonly reply: Buffer | Doc; readonly failed: boolean }> => {
  const bytes = fromEngine(row['p_result'])
  if (row['p_success'] === 't') return { reply: bytes, failed: false }
  const reply = decodeExactly(bytes)
  const errors = (reply['writeErrors'] ?? []) as readonly WriteError[]
  const made = await Promise.all(errors.map((error) => translated(error, explain, unmapped)))
  if (made.some((error) => numberOf(error['code']) === 112)) throw writeConflict({ inTransaction })
  return {
    reply: { ...reply, ...(made.length > 0 ? { writeErrors: made } : {}), ok: 1 },
    failed: made.length > 0,
  }
}
