import type { Doc } from './document.ts'

const transient = 'TransientTransactionError'

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

type ErrorCode = readonly [code: number, name: string, text?: string]

const conflict: ErrorCode = [
  112,
  'WriteConflict',
  'WriteConflict error: this operation conflicted with another operation. Please retry your operation or multi-document transaction.',
]

/** Codes by SQLSTATE: PostgreSQL's own, and the extension's as each was seen when the error was provoked. */
const codes: Readonly<Record<string, ErrorCode>> = {
  '23505': [11000, 'DuplicateKey'],
  '23P01': [11000, 'DuplicateKey'],
  '25P02': [251, 'NoSuchTransaction'],
  '40001': conflict,
  '40P01': conflict,
  '53100': [14031, 'OutOfDiskSpace'],
  '55P03': conflict,
  M0001: [2, 'BadValue'],
  M0003: [9, 'FailedToParse'],
  M0008: [26, 'NamespaceNotFound'],
  M0009: [27, 'IndexNotFound'],
  M000F: [48, 'NamespaceExists'],
  M001C: [11000, 'DuplicateKey'],
  M00F5: [225, 'TransactionTooOld'],
  M00CO: [121, 'DocumentValidationFailure'],
}

/** Under one code for much else: somebody else made the collection meanwhile, and this snapshot does not see it. */
const isRace = (state: string, message: string): boolean =>
  state === 'M0000' && message.startsWith('Unable to create the specified collection')

const findCode = (state: string, message: string): ErrorCode | undefined =>
  isRace(state, message) ? conflict : codes[state]

/** What PostgreSQL's driver throws, as far as it is looked at. */
const parseError = (error: unknown): { readonly state: string; readonly message: string } => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return { state: typeof code === 'string' ? code : '', message: String(message ?? error) }
}

/** True for what goes away when it is tried again: the victim of a deadlock or of a race. */
export const isPassing = (error: unknown): boolean => {
  const { state, message } = parseError(error)
  return state === '40001' || state === '40P01' || isRace(state, message)
}

/** A SQLSTATE from the 30 bits that the extension packs it in: five characters of six bits, '0' is zero. */
export const unpackState = (packed: number): string =>
  [0, 6, 12, 18, 24].map((shift) => String.fromCharCode(48 + ((packed >>> shift) & 63))).join('')

/** Of a SQLSTATE that is in no table, somebody should hear. */
export type Unmapped = (state: string, message: string) => void

/** MongoDB's error for a SQLSTATE; 8 for one that nobody has seen yet, and `unmapped` hears of it. */
export const translateState = (
  state: string,
  message: string,
  { inTransaction, unmapped }: { readonly inTransaction: boolean; readonly unmapped: Unmapped },
): CommandError => {
  const found = findCode(state, message)
  if (found === undefined) unmapped(state, message)
  const [code, name, text = message] = found ?? [8, 'UnknownError']
  // After these a transaction can be begun again.
  return new CommandError(code, name, text, {
    labels: inTransaction && (code === 112 || code === 251) ? [transient] : [],
  })
}

/** What the engine threw, in MongoDB's words. */
export const translateError = (
  error: unknown,
  options: { readonly inTransaction: boolean; readonly unmapped: Unmapped },
): CommandError => {
  if (error instanceof CommandError) return error
  const { state, message } = parseError(error)
  return translateState(state, message, options)
}

/** There is no open transaction of that number: its client may begin another. */
export const noTransaction = (number: string): CommandError =>
  new CommandError(251, 'NoSuchTransaction', `Transaction with { txnNumber: ${number} } is not open`, {
    labels: [transient],
  })

/**
 * True when the connection to the engine was lost (SQLSTATE class 08, 57P0x, or no state at all from the
 * driver): nobody knows what became of the command, so the client must not get an answer either.
 */
export const isLoss = (error: unknown): boolean => {
  if (error instanceof CommandError) return false
  const { state, message } = parseError(error)
  return (
    /^(?:08|57P0)/.test(state) ||
    ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE'].includes(state) ||
    /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded)/.test(message)
  )
}

/** The answer that carries an error. */
export const buildError = ({ message, code, codeName, labels }: CommandError): Doc => ({
  ok: 0,
  errmsg: message,
  code,
  codeName,
  ...(labels.length > 0 ? { errorLabels: labels } : {}),
})
