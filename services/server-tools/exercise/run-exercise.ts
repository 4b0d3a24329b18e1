import { call } from '#common/client'
import { aeadEngine } from '#common/engines/aead'
import { Secret } from '#common/env'
import { signer } from '#common/identity'
import { probe } from '#common/probe'
import { exercise, wantedOf } from './exercise.ts'
import { type Finding, NotRun } from './model.ts'
import { wordsOf } from './wire.ts'

export type Edge = {
  readonly stdin: () => Promise<string>
  /** The operator's secret key, hex; rejects when it cannot be read. */
  readonly identity: () => Promise<string>
  readonly fetch: (url: string, init: BunFetchRequestInit) => Promise<Response>
  readonly random: (bytes: number) => Uint8Array<ArrayBuffer>
  readonly uuid: () => string
  readonly now: () => number
  readonly pause: (ms: number) => Promise<unknown>
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

const OPERATOR = 'operator'
/** Longest wait for one answer, ms. */
const PATIENCE = 30_000

/**
 * Reads what is wanted from standard input and prints a line of JSON a finding. 0: all passed or were not run;
 * 1: something failed; 64: the document is none.
 */
export const runExercise = async (edge: Edge): Promise<number> => {
  let wanted: ReturnType<typeof wantedOf>
  try {
    wanted = wantedOf(await edge.stdin())
  } catch (error) {
    edge.err(`server-tools: ${wordsOf(error)}\n`)
    return 64
  }
  const [key, aead] = await Promise.all([
    edge.identity().then(
      (text) => new Secret(text.trim()),
      () => undefined,
    ),
    aeadEngine(),
  ])
  const sign = key === undefined ? undefined : signer({ name: OPERATOR, key, now: edge.now })
  const signed = (service: string): Promise<string> => {
    if (sign === undefined) throw new NotRun("there is no key of the operator's identity to sign with")
    return sign(service)
  }
  const url = (service: string) => wanted.urls[service]
  const at = (service: string): string => {
    const found = url(service)
    if (found === undefined) throw new NotRun(`${service} is not part of what runs`)
    return found
  }
  let failed = 0
  const tell = (finding: Finding) => {
    if (finding.result === 'fail') failed += 1
    edge.out(`${JSON.stringify(finding)}\n`)
  }
  await exercise(wanted, {
    wire: {
      url,
      ask: async (service, path, init = {}) =>
        edge.fetch(`${at(service)}${path}`, {
          redirect: 'manual',
          keepalive: false,
          signal: AbortSignal.timeout(PATIENCE),
          ...init,
        }),
      call: (service) =>
        call(at(service), { callee: service, sign: async () => signed(service), timeoutMs: PATIENCE }),
      random: edge.random,
      uuid: edge.uuid,
      now: edge.now,
      pause: edge.pause,
    },
    aead,
    probe: (name, where) => probe({ name, stack: '', url: where }, { timeoutMs: 3000 }),
    tokenFor: async (service) => signed(service),
    tell,
  })
  return failed > 0 ? 1 : 0
}
