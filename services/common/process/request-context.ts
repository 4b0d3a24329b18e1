import { AsyncLocalStorage } from 'node:async_hooks'

/** A person who is signed in: TRON address, roles (common/people), the sign-in, and when his token was made, epoch ms. */
export type SignedIn = {
  readonly address: string
  readonly roles: readonly string[]
  readonly session: string
  readonly at: number
}

/** What is known of the request being served; it follows every await below the route. */
export type RequestContext = {
  readonly requestId: string
  /** The verified identity of the caller; undefined on a public route. */
  readonly caller: string | undefined
  /** The TRON address of the person who acts, signed in here or named by the calling service; undefined for nobody. */
  readonly actor?: string | undefined
  /** The person who is signed in here; never set by the token of a service. */
  readonly person?: SignedIn | undefined
}

const current = new AsyncLocalStorage<RequestContext>()

/** The context of the request in force, or undefined outside of one. */
export const requestContext = (): RequestContext | undefined => current.getStore()

/** Runs `work` with the context in force. */
export const withRequestContext = <R>(context: RequestContext, work: () => R): R => current.run(context, work)

/** A caller's request id is taken over only in this form: it lands in logs and headers. */
export const isRequestId = (value: string | null): value is string =>
  value !== null && /^[A-Za-z0-9._-]{8,64}$/.test(value)
