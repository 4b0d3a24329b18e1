import type { clients } from '#catalog'
import { type Call, call, client } from '#common/http/client'
import { signer } from '#common/http/identity'
import type { Secret } from '#common/process/env'
import type { Api as AuthenticationApi } from '#services/authentication/routes'
import type { Api as ChainApi } from '#services/blockchain-api/routes'
import type { Api as EncryptorApi } from '#services/session-encryptor/routes'
import type { Api as OrchestratorApi } from '#services/session-orchestrator/routes'
import type { Api as RecorderApi } from '#services/session-recorder/routes'
import type { Home } from './home.ts'
import { findUrl, requireRunning } from './running.ts'
import { readSecret } from './secrets.ts'

const OPERATOR = 'operator'

/** Services that the operator may call; the catalogue's `clients.operator.needs` says so too. */
export type Callee = (typeof clients.operator.needs)[number]

/** Typed ways to the running platform as the operator. Throws CliError when it or the operator's key is not there. */
export const operatorClients = (home: Home, { timeoutMs = 30_000 }: { readonly timeoutMs?: number } = {}) => {
  requireRunning(home)
  const sign = signer({ name: OPERATOR, key: readSecret(home, OPERATOR, 'IDENTITY_KEY') })
  const options = (callee: Callee) => ({ callee, sign, timeoutMs })
  return {
    authentication: () => client<AuthenticationApi>(findUrl(home, 'authentication'), options('authentication')),
    recorder: () => client<RecorderApi>(findUrl(home, 'session-recorder'), options('session-recorder')),
    orchestrator: () => client<OrchestratorApi>(findUrl(home, 'session-orchestrator'), options('session-orchestrator')),
    encryptor: () => client<EncryptorApi>(findUrl(home, 'session-encryptor'), options('session-encryptor')),
    chain: () => client<ChainApi>(findUrl(home, 'blockchain-api'), options('blockchain-api')),
    /** The raw way, for bodies of bytes; `timeout` (ms) bounds one call from request to last byte. */
    raw: (callee: Callee, timeout = timeoutMs): Call =>
      call(findUrl(home, callee), { callee, sign, timeoutMs: timeout }),
  } as const
}

/** The operator's own TRON owner key (secp256k1), which `bun run up` makes. Throws CliError when it is missing. */
export const ownerKey = (home: Home): Secret => readSecret(home, OPERATOR, 'OWNER_KEY')
