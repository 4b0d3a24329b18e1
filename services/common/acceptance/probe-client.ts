import type { Call } from '#common/http/client'
import { errorMessage } from '../process/error.ts'
import { escapeSentence } from '../process/escape.ts'
import { NotRun } from './model.ts'

/** The platform, and this machine, as the probes see them; all of it is handed in. */
export type ProbeClient = {
  /** Where a service answers; undefined when it is not part of what is probed. */
  readonly url: (service: string) => string | undefined
  /** One request without a token; answers whatever comes, rejects when nothing does. */
  readonly ask: (service: string, path: string, init?: BunFetchRequestInit) => Promise<Response>
  /** Requests with the operator's token; reject with the Fault of a problem document. */
  readonly call: (service: string) => Call
  readonly random: (bytes: number) => Uint8Array<ArrayBuffer>
  readonly uuid: () => string
  /** Epoch ms. */
  readonly now: () => number
  readonly pause: (ms: number) => Promise<unknown>
}

/** A document of a service, as far as it is known: every field is looked at before it is used. */
export type Loose = Readonly<Record<string, unknown>>

/** The object that a value is. Throws when it is none. */
export const requireObject = (value: unknown, what: string): Loose => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`)
  return value as Loose // it is one
}

/** Throws what is wrong unless it holds. */
export const requireThat = (holds: boolean, wrong: string): void => {
  if (!holds) throw new Error(wrong)
}

/** Throws NotRun unless the service is part of what is probed. */
export const requireServices = (client: ProbeClient, ...services: readonly string[]): void => {
  const missing = services.filter((name) => client.url(name) === undefined)
  if (missing.length > 0) throw new NotRun(`${missing.join(', ')} is not part of what runs`)
}

/** The JSON object at a path that is open to everybody. Throws unless the status is 200. */
export const open = async (client: ProbeClient, service: string, path: string): Promise<Loose> => {
  const reply = await client.ask(service, path)
  requireThat(reply.status === 200, `GET ${path} of ${service} answered ${reply.status}`)
  return requireObject(await reply.json(), `the answer of ${service} to GET ${path}`)
}

/** The JSON object at a path, with the operator's token. */
export const read = async (client: ProbeClient, service: string, path: string): Promise<Loose> =>
  requireObject(await (await client.call(service)(path)).json(), `the answer of ${service} to GET ${path}`)

const asJson = (value: unknown) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
})

/** Posts JSON with the operator's token; answers the JSON object. */
export const post = async (client: ProbeClient, service: string, path: string, value: unknown): Promise<Loose> =>
  requireObject(
    await (await client.call(service)(path, asJson(value))).json(),
    `the answer of ${service} to POST ${path}`,
  )

/** The result of a method of Ethereum's JSON-RPC that only reads. Throws with the error that it states. */
export const rpc = async (client: ProbeClient, method: string, ...params: readonly unknown[]): Promise<unknown> => {
  const reply = await client.ask('blockchain-api', '/rpc', asJson({ jsonrpc: '2.0', id: 1, method, params }))
  const answer = requireObject(await reply.json(), `the answer to ${method}`)
  requireThat(answer['error'] === undefined, `${method}: ${JSON.stringify(answer['error'])}`)
  return answer['result']
}

/** Words of an error for a report: one line, not too long. */
export const plainMessage = (error: unknown): string => escapeSentence(errorMessage(error), 240)
