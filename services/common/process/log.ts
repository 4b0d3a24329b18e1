import { escapeText, LONGEST } from './escape.ts'
import { requestContext } from './request-context.ts'

/** Fields of a log line: JSON scalars, no keys, no plaintext, no address of a client. */
export type LogFields = Readonly<Record<string, unknown>>

export type Log = {
  readonly info: (event: string, fields?: LogFields) => void
  readonly warn: (event: string, fields?: LogFields) => void
  readonly error: (event: string, fields?: LogFields) => void
  readonly child: (fields: LogFields) => Log
}

const levels = { info: 30, warn: 40, error: 50, silent: 60 } as const
export type LogLevel = keyof typeof levels

export type JsonLogOptions = {
  readonly level?: LogLevel
  readonly write?: (line: string, level: LogLevel) => void
  readonly now?: () => number
}

const isError = (value: unknown): value is Error => value instanceof Error

/** An error as log fields; the stack stays in the log and never goes to a caller. */
export const errorFields = (error: unknown): LogFields =>
  isError(error)
    ? { error: error.message, stack: error.stack?.split('\n').slice(1, 8).join('\n') }
    : { error: String(error) }

/** What JSON has no word for, so that a line is never lost for it: whole numbers of any size, and errors; text has an end. */
const sayable = (_: string, value: unknown): unknown => {
  const said = typeof value === 'bigint' ? String(value) : isError(value) ? value.message : value
  return typeof said === 'string' && said.length > LONGEST ? escapeText(said, { most: LONGEST }) : said
}

let gathered = ''
const flush = () => {
  if (gathered !== '') process.stdout.write(gathered)
  gathered = ''
}
process.on('exit', flush)

/** Lines of `info` wait 10 ms for others, as a write costs half of a request; whatever is worse writes them and itself. */
const writeOut = (line: string, level: LogLevel): void => {
  if (gathered === '' && level === 'info') setTimeout(flush, 10)
  gathered += line
  if (level !== 'info') flush()
}

/** One JSON object a line: time, level, service, event, the request id in force, then the fields. */
export const jsonLog = (service: string, options: JsonLogOptions = {}, base: LogFields = {}): Log => {
  const { level = 'info', write = writeOut, now = Date.now } = options
  const at = (name: LogLevel) => (event: string, fields?: LogFields) => {
    if (levels[name] < levels[level]) return
    const request_id = requestContext()?.requestId
    const head = { time: new Date(now()).toISOString(), level: name, service, event }
    // The head twice: first for the order to read in, last so that no field can pass for another event.
    const line = { ...head, ...(request_id ? { request_id } : {}), ...base, ...fields, ...head }
    write(`${escapeText(JSON.stringify(line, sayable))}\n`, name)
  }
  return {
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => jsonLog(service, options, { ...base, ...fields }),
  }
}

const nothing = () => {}

/** Drops everything; for tests that are not about the log. */
export const silentLog: Log = { info: nothing, warn: nothing, error: nothing, child: () => silentLog }
