import { errorCode, errorMessage } from '../process/error.ts'
import { escapeSentence } from '../process/escape.ts'
/** What is probed: GET `url`/health must answer as `name`. */
export type Target = {
  readonly name: string
  readonly stack: string
  readonly url: string
  /** Why the running platform was started without it; it is not asked then. */
  readonly leftOut?: string
}

/**
 * `healthy`, `degraded` and `unhealthy` are the service's own words; `unreachable` means that nothing
 * listens, `timeout` that it did not answer in time, `wrong` that the answer is not this service's, `absent`
 * that the running platform was started without it.
 */
export type State = 'healthy' | 'degraded' | 'unhealthy' | 'unreachable' | 'timeout' | 'wrong' | 'absent'

export type Result = {
  readonly name: string
  readonly stack: string
  readonly state: State
  readonly ms: number
  /** Why it is not well, or what it does without; empty when there is nothing to say. */
  readonly detail: string
  readonly version?: string
  /** Dependencies that are not ok and what it says of them; undefined when all are. */
  readonly failing?: Readonly<Record<string, string>>
}

type Judgement = Pick<Result, 'state' | 'detail' | 'version' | 'failing'>

/** A health reply is a few hundred bytes; whatever sends more is not ours. */
const MAX_BYTES = 64 * 1024

const object = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What comes from a service may hold anything: one line, not too long. */
export const clean = (text: string): string => escapeSentence(text, 200)

/** Judges a reply to GET /health (SPEC section 3); another program on its port has another name, and is not healthy. */
export const judge = (name: string, code: number, text: string): Judgement => {
  const body = object(parse(text))
  if (body === undefined) return { state: 'wrong', detail: `status ${code} with a body that is no JSON object` }
  const { status, service, version, dependencies } = body
  if (service !== name)
    return { state: 'wrong', detail: `another program answers: ${clean(JSON.stringify(service ?? null))}` }
  const broken = Object.entries(object(dependencies) ?? {})
    .filter(([, says]) => says !== 'ok')
    .map(([dependency, says]) => [clean(dependency), clean(String(says))] as const)
  const failing = broken.map(([dependency, says]) => clean(`${dependency}: ${says}`)).join(', ')
  const own = {
    detail: failing,
    ...(typeof version === 'string' && { version: clean(version) }),
    ...(broken.length > 0 && { failing: Object.fromEntries(broken) }),
  }
  if (code === 200 && status === 'healthy') return { state: 'healthy', ...own }
  if (code === 503 && (status === 'degraded' || status === 'unhealthy'))
    return { ...own, state: status, detail: failing || 'no failing dependency named' }
  return { ...own, state: 'wrong', detail: `status ${code} says ${clean(JSON.stringify(status ?? null))}` }
}

/** Reads a body to its end, or to the limit; the signal ends a body that never ends. */
const readText = async (reply: Response): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ''
  for await (const bytes of reply.body ?? []) {
    text += decoder.decode(bytes, { stream: true })
    if (text.length > MAX_BYTES) throw new Error('the answer is too long')
  }
  return text
}

/** What a request that got no answer says of the service. */
export const failure = (error: unknown): Judgement => {
  if (error instanceof Error && error.name === 'TimeoutError') return { state: 'timeout', detail: 'no answer in time' }
  const code = errorCode(error)
  if (/ConnectionRefused|ECONNREFUSED/.test(code)) return { state: 'unreachable', detail: 'nothing listens there' }
  if (/ENOTFOUND|EAI_AGAIN/.test(code)) return { state: 'unreachable', detail: 'its name is not known here' }
  return { state: 'wrong', detail: clean(errorMessage(error)) }
}

/** Asks one service how it is. Never throws, and never takes much longer than `timeoutMs`. */
export const probe = async (
  { name, stack, url, leftOut }: Target,
  { timeoutMs = 1500, now = performance.now.bind(performance) } = {},
): Promise<Result> => {
  if (leftOut !== undefined) return { name, stack, state: 'absent', ms: 0, detail: clean(leftOut) }
  const began = now()
  const judged = await fetch(`${url}/health`, {
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'manual',
    keepalive: false,
  })
    .then(async (reply) => judge(name, reply.status, await readText(reply)))
    .catch(failure)
  return { name, stack, ...judged, ms: Math.round(now() - began) }
}
