import { Fault } from '../process/fault.ts'
import { bearerToken, type Caller, type Guard } from './identity.ts'

/** Refuses a body over the limit, and one that does not say its length where it is not a stream. */
const checkBody = (request: Request, limit: number): void => {
  if (request.body === null) return
  const length = request.headers.get('content-length')
  if (length === null)
    throw new Fault('invalid', 'length-required', 'this route needs a Content-Length; only streams go without')
  if (Number(length) > limit)
    throw new Fault('too-large', 'body-too-large', `the body has ${length} bytes, the limit is ${limit}`)
}

/** Refuses a query that says one thing twice: two readers could each believe another of them. */
const checkQuery = ({ url }: Request): void => {
  const at = url.indexOf('?')
  if (at < 0) return
  const names = [...new URLSearchParams(url.slice(at)).keys()]
  if (new Set(names).size < names.length)
    throw new Fault('invalid', 'repeated-parameter', 'a query parameter stands there twice: give each once')
}

/** Who may come in with what, decided before anything else is read. Answers the caller; undefined on an open route. */
export const admit = async (
  request: Request,
  path: string | undefined,
  {
    guard,
    maxBody,
    isStream,
    isOpen,
    signInFault,
  }: {
    readonly guard: Guard
    readonly maxBody: number
    readonly isStream: (route: string) => boolean
    readonly isOpen: (route: string) => boolean
    /** What is answered there to whoever brings no token, if the guard's word is not enough. */
    readonly signInFault: (route: string) => Fault | undefined
  },
): Promise<Caller | undefined> => {
  if (path === undefined) throw new Fault('invalid', 'bad-address', 'the Host or the path of this request is malformed')
  checkQuery(request)
  const route = `${request.method} ${path}`
  if (!isStream(route)) checkBody(request, maxBody)
  if (isOpen(route)) return undefined
  return guard(request).catch((error: unknown) => {
    throw (bearerToken(request) === undefined && signInFault(route)) || error
  })
}
