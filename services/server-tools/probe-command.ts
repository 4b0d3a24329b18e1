import { NotRun, type ProbeResult } from '#common/acceptance/model'
import { plainMessage } from '#common/acceptance/probe-client'
import { parseProbeRequest, runProbes } from '#common/acceptance/probes'
import type { Print } from '#common/cli/text'
import { aeadEngine } from '#common/engines/aead'
import { probe } from '#common/host/probe'
import { signer } from '#common/http/identity'
import { faultOf } from '#common/http/problem'
import type { Secret } from '#common/process/env'

export type Edge = {
  readonly stdin: () => Promise<string>
  readonly identity: () => Promise<Secret>
  readonly request: (url: string, init: BunFetchRequestInit) => Promise<Response>
  readonly random: (bytes: number) => Uint8Array<ArrayBuffer>
  readonly uuid: () => string
  readonly now: () => number
  readonly pause: (ms: number) => Promise<unknown>
  readonly out: Print
  readonly err: Print
}

const OPERATOR = 'operator'
const PATIENCE = 30_000

/** Prints a JSON line for each probe of standard input. 0: none failed; 1: something did; 64: the document is none. */
export const runProbeCommand = async (edge: Edge): Promise<number> => {
  let request: ReturnType<typeof parseProbeRequest>
  try {
    request = parseProbeRequest(await edge.stdin())
  } catch (error) {
    edge.err(`server-tools: ${plainMessage(error)}\n`)
    return 64
  }
  const [key, aead] = await Promise.all([edge.identity().catch(() => undefined), aeadEngine()])
  const sign = key === undefined ? undefined : signer({ name: OPERATOR, key })
  const signed = async (service: string): Promise<string> => {
    if (sign === undefined) throw new NotRun("there is no key of the operator's identity to sign with")
    return sign(service)
  }
  const url = (service: string) => request.urls[service]
  const at = (service: string): string => {
    const found = url(service)
    if (found === undefined) throw new NotRun(`${service} is not part of what runs`)
    return found
  }
  const ask = async (service: string, path: string, init: BunFetchRequestInit = {}): Promise<Response> =>
    edge.request(`${at(service)}${path}`, {
      redirect: 'manual',
      keepalive: false,
      signal: AbortSignal.timeout(PATIENCE),
      ...init,
    })
  let failed = 0
  const report = (result: ProbeResult) => {
    if (result.result === 'fail') failed += 1
    edge.out(`${JSON.stringify(result)}\n`)
  }
  await runProbes(request, {
    client: {
      url,
      ask,
      // Not the typed client of the services: its packages would be in the image for this alone.
      call:
        (service) =>
        async (path, init = {}) => {
          const headers = new Headers(init.headers)
          headers.set('authorization', `Bearer ${await signed(service)}`)
          const reply = await ask(service, path, { ...init, headers })
          if (reply.ok) return reply
          throw faultOf(reply.status, await reply.json().catch(() => undefined), service)
        },
      random: edge.random,
      uuid: edge.uuid,
      now: edge.now,
      pause: edge.pause,
    },
    aead,
    probe: (name, where) => probe({ name, stack: '', url: where }, { timeoutMs: 3000 }),
    tokenFor: signed,
    report,
  })
  return failed > 0 ? 1 : 0
}
