import { type Call, call, client } from '#common/http/client'
import type { Sign } from '#common/http/identity'
import type { Api as Authentication } from '#services/authentication/routes'
import type { Api as Chain } from '#services/blockchain-api/routes'
import type { Api as Merkle } from '#services/merkle-builder/routes'
import type { Api as Encryptor } from '#services/session-encryptor/routes'
import type { Api as Orchestrator } from '#services/session-orchestrator/routes'
import type { Api as Recorder } from '#services/session-recorder/routes'

/** Where each neighbour is. */
export type Urls = Readonly<
  Record<
    | 'session-orchestrator'
    | 'session-recorder'
    | 'session-encryptor'
    | 'merkle-builder'
    | 'blockchain-api'
    | 'authentication',
    string
  >
>

/** An upload takes as long as its session. */
const NO_DEADLINE = 2 ** 31 - 1

/** The typed ways to the services behind the API; each call carries the person for whom it is made. */
export const neighboursAt = (urls: Urls, sign: Sign) => {
  const to = <C extends keyof Urls>(callee: C) => [urls[callee], { callee, sign }] as const
  const raw = (callee: keyof Urls, timeoutMs: number): Call => call(urls[callee], { callee, sign, timeoutMs })
  return {
    orchestrator: client<Orchestrator>(...to('session-orchestrator')),
    recorder: client<Recorder>(...to('session-recorder')),
    encryptor: client<Encryptor>(...to('session-encryptor')),
    merkle: client<Merkle>(...to('merkle-builder')),
    authentication: client<Authentication>(...to('authentication')),
    chain: client<Chain>(...to('blockchain-api')),
    /** What each shows of itself: /audit, /config. */
    reading: (service: keyof Urls) => raw(service, 10_000),
    upload: raw('session-recorder', NO_DEADLINE),
    chunkFile: raw('session-encryptor', 60_000),
  }
}
export type Neighbours = ReturnType<typeof neighboursAt>
