import { BSON } from 'mongodb'
import { type Doc, decodeExactly } from './document.ts'
import { translateState, type Unmapped, unpackState } from './errors.ts'
import { parseBson, type Row } from './pool.ts'

/** `failed` is a write error in an answer that says ok: it too ends a transaction. */
export type Answer = { readonly reply: Buffer | Doc; readonly failed: boolean }

/**
 * The answer to insert, update, delete or findAndModify. Without errors it goes out as it is. Write conflicts among
 * the errors are thrown as the command's own error, as MongoDB does.
 */
export const answerWrite = (
  row: Row,
  options: { readonly inTransaction: boolean; readonly unmapped: Unmapped },
): Answer => {
  const bytes = parseBson(row['p_result'])
  if (row['p_success'] === 't') return { reply: bytes, failed: false }
  const reply = decodeExactly(bytes)
  const errors = ((reply['writeErrors'] ?? []) as readonly Doc[]).map((error) => {
    const translated = translateState(unpackState(Number(error['code'])), String(error['errmsg']), options)
    if (translated.code === 112) throw translated
    return { ...error, code: new BSON.Int32(translated.code) }
  })
  return {
    reply: { ...reply, ...(errors.length > 0 ? { writeErrors: errors } : {}), ok: 1 },
    failed: errors.length > 0,
  }
}
