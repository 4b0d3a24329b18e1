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

type Known = readonly [code: number, name: string, text?: string]

const conflictText =
  'WriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.'
const conflict: Known = [112, 'WriteConflict', conflictText]

/** A write that met another one. In a transaction it says that the whole may be begun again. */
export const writeConflict = ({ inTransaction }: { readonly inTransaction: boolean }): CommandError =>
  new CommandError(112, 'WriteConflict', conflictText, { labels: inTransaction ? [transient] : [] })

/** PostgreSQL's own SQLSTATEs. The text is MongoDB's where the engine's would mislead. */
const postgres: Readonly<Record<string, Known>> = {
  '0A000': [115, 'CommandNotSupported'],
  '23505': [11000, 'DuplicateKey'],
  '23P01': [11000, 'DuplicateKey'],
  '25P02': [251, 'NoSuchTransaction'],
  '40001': conflict,
  '40P01': conflict,
  '42501': [13, 'Unauthorized'],
  '53100': [14031, 'OutOfDiskSpace'],
  '54000': [17280, 'KeyTooLong'],
  '55P03': conflict,
  '57014': [50, 'MaxTimeMSExpired', 'operation exceeded time limit'],
}

/** The extension's, each as it was seen when the error was provoked. */
const extension: Readonly<Record<string, Known>> = {
  M0001: [2, 'BadValue'],
  M0003: [9, 'FailedToParse'],
  M0004: [14, 'TypeMismatch'],
  M0008: [26, 'NamespaceNotFound'],
  M0009: [27, 'IndexNotFound'],
  M000D: [40, 'ConflictingUpdateOperators'],
  M000F: [48, 'NamespaceExists'],
  M000M: [66, 'ImmutableField'],
  M000Q: [73, 'InvalidNamespace'],
  M000S: [86, 'IndexKeySpecsConflict'],
  M000U: [115, 'CommandNotSupported'],
  M0088: [40415, 'Location40415'],
  M003A: [17419, 'Location17419'],
  M001C: [11000, 'DuplicateKey'],
  M00F5: [225, 'TransactionTooOld'],
  M00CO: [121, 'DocumentValidationFailure'],
}

/** Under one code for much else: somebody else made the collection meanwhile, and this snapshot does not see it. */
const isRace = (state: string, message: string): boolean =>
  state === 'M0000' && message.startsWith('Unable to create the specified collection')

/** MongoDB's code for a SQLSTATE; undefined when nobody has seen it yet. */
export const knownCode = (state: string, message: string): Known | undefined =>
  isRace(state, message) ? conflict : (postgres[state] ?? extension[state])

/** True for what goes away when it is tried again: the victim of a deadlock or of a race. */
export const isPassing = (error: unknown): boolean => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return code === '40001' || code === '40P01' || isRace(String(code), String(message))
}

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
  const said = String(message ?? error)
  const known = knownCode(state, said)
  if (known === undefined) unmapped(state, said)
  const [number, name, text = said] = known ?? [8, 'UnknownError']
  return new CommandError(number, name, text, {
    labels: inTransaction && begunAgain.has(number) ? [transient] : [],
  })
}

/**
 * True when the connection to the engine was lost (SQLSTATE class 08, 57P0x, or no state at all from the
 * driver): nobody knows what became of the command, so the client must not get an answer either.
 */
export const isLoss = (error: unknown): boolean => {
  if (error instanceof CommandError) return false
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return (
    /^(?:08|57P0)/.test(String(code)) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(String(code)) ||
    /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded)/.test(
      String(message),
    )
  )
}

/** The answer that carries an error. */
export const errorReply = ({ message, code, codeName, labels }: CommandError): Doc => ({
  ok: 0,
  errmsg: message,
  code,
  codeName,
  ...(labels.length > 0 ? { errorLabels: labels } : {}),
})
