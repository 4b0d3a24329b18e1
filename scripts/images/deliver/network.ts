import { readBounded } from '#common/http/read-public'
import { errorMessage } from '#common/process/error'
import { parseJson } from '#common/stream/bounded-json'
import { CliError } from '../../cli/fail.ts'

/** The registry refused; `status` is that of HTTP. The message says what to do. */
export class RegistryError extends CliError {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.name = 'RegistryError'
    this.status = status
  }
}

/** The connection broke or the registry stumbled; whatever was sent may have arrived in part. */
export class ConnectionLost extends CliError {
  /** What the registry asked for in `Retry-After`, seconds as text. */
  readonly retryAfter: string | null

  constructor(
    message: string,
    { cause, retryAfter = null }: { readonly cause?: unknown; readonly retryAfter?: string | null } = {},
  ) {
    super(message, { cause })
    this.name = 'ConnectionLost'
    this.retryAfter = retryAfter
  }
}

/** What the edge hands in: network, clock and chance. */
export type Network = {
  readonly fetch: (url: string, init: RequestInit & { readonly keepalive?: boolean }) => Promise<Response>
  readonly pause: (ms: number) => Promise<void>
  readonly random: () => number
}

/** Longest time of one request, ms: the largest chunk on a line of 1 Mbit/s. */
export const REQUEST_MS = 150_000

const MAX_DOCUMENT = 64 * 1024

/** The JSON that a server answers with. Throws CliError for what is none, or larger than such an answer is. */
export const readDocument = async (response: Response): Promise<unknown> => {
  const read = await readBounded(response, MAX_DOCUMENT)
  if ('failure' in read) throw new CliError(`the answer is no registry's: ${read.failure}`)
  try {
    return parseJson(read.text)
  } catch (cause) {
    throw new CliError(`the answer is no registry's: ${errorMessage(cause)}`, { cause })
  }
}
