/** What can go wrong, in the domain's words. `services/common/http/problem.ts` maps kinds to HTTP (RFC 9457). */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'precondition'
  | 'too-large'
  | 'range'
  | 'exhausted'
  | 'unavailable'

export type FaultOptions = {
  /** Extra members of the problem document; must be JSON and must hold no secret. */
  readonly extra?: Readonly<Record<string, unknown>>
  /** Milliseconds after which a retry makes sense. */
  readonly retryAfter?: number
  readonly cause?: unknown
}

/** An expected failure: a stable `code` and a sentence that says what to do. Both reach the caller: no secrets. */
export class Fault extends Error {
  readonly kind: FaultKind
  readonly code: string
  readonly extra: Readonly<Record<string, unknown>>
  readonly retryAfter: number | undefined

  constructor(kind: FaultKind, code: string, detail: string, options: FaultOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.kind = kind
    this.code = code
    this.extra = options.extra ?? {}
    this.retryAfter = options.retryAfter
  }
}

/** True for a Fault, and for a Fault of that code when one is given. */
export const isFault = (error: unknown, code?: string): error is Fault =>
  error instanceof Fault && (code === undefined || error.code === code)
