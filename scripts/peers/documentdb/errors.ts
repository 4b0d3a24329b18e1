import type { Doc } from './document.ts'

/** An answer that says no, as MongoDB would: its code, name, text and labels. */
export class CommandError extends Error {
  readonly code: number
  readonly codeName: string
  readonly labels: readonly string[]

  constructor(
    code: number,
    codeName: string,
    message: string,
    { labels = [] }: { readonly labels?: readonly string[] } = {},
  ) {
    super(message)
    this.name = 'CommandError'
    this.code = code
    this.codeName = codeName
    this.labels = labels
  }
}

export const transient = 'TransientTransactionError'

type Known = readonly [code: number, name: string]

/** PostgreSQL's own SQLSTATEs. */
const postgres: Readonly<Record<string, Known>> = {
  '23505': [11000, 'DuplicateKey'],
  '23P01': [11000, 'DuplicateKey'],
  '25P02': [251, 'NoSuchTransaction'],
  '40001': [112, 'WriteConflict'],
  '40P01': [112, 'WriteConflict'],
  '42501': [13, 'Unauthorized'],
  '53100': [14031, 'OutOfDiskSpace'],
  '54000': [17280, 'KeyTooLong'],
  '55P03': [112, 'WriteConflict'],
  '57014': [50, 'MaxTimeMSExpired'],
}

/** The extension's, as they were provoked; the tests beside the front provoke them again. */
const extension: Readonly<Record<string, Known>> = {
  M0001: [2, 'BadValue'],
  M0003: [9, 'FailedToParse'],
  M0004: [14, 'TypeMismatch'],
  M0008: [26, 'NamespaceNotFound'],
  M0009: [27, 'IndexNotFound'],
  M001C: [11000, 'DuplicateKey'],
}

/** MongoDB's code for a SQLSTATE; undefined when nobody has seen it yet. */
export const knownCode = (state: string): Known | undefined => postgres[state] ?? extension[state]

/** A SQLSTATE from the 30 bits that the extension packs it in: five characters of six bits, '0' is zero. */
export const unpackState = (packed: number): string =>
  [0, 6, 12, 18, 24].map((shift) => String.fromCharCode(48 + ((packed >>> shift) & 63))).join('')

/** Codes after which a transaction can be begun again. */
const begunAgain: ReadonlySet<number> = new Set([112, 251])

/** What the engine threw, in MongoDB's words. `unmapped` is told of a state that is in no table; it becomes code 8. */
export const commandErrorOf = (
  error: unknown,
  {
    inTransaction,
    unmapped,
  }: { readonly inTransaction: boolean; readonly unmapped: (state: string, message: string) => void },
): CommandError => {
  if (error instanceof CommandError) return error
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const state = typeof code === 'string' ? code : ''
  const known = knownCode(state)
  if (known === undefined) unmapped(state, String(message ?? error))
  const [number, name] = known ?? [8, 'UnknownError']
  return new CommandError(number, name, String(message ?? error), {
    labels: inTransaction && begunAgain.has(number) ? [transient] : [],
  })
}

/** The answer that carries an error. */
export const errorReply = ({ message, code, codeName, labels }: CommandError): Doc => ({
  ok: 0,
  errmsg: message,
  code,
  codeName,
  ...(labels.length > 0 ? { errorLabels: labels } : {}),
})
