import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deriveOwner } from '#common/evidence/tron-message'
import { derivePublicKey, signer } from '#common/http/identity'
import { signAccessToken } from '#common/people/access-token'
import type { Role } from '#common/people/permissions'
import { Secret } from '#common/process/env'
import { freePorts } from '#common/testing/free-ports'
import { derived } from '#common/testing/sample-session'
import { startMain } from '#common/testing/start-main'

const OPERATOR_KEY = new Secret('cd'.repeat(32))

/** A token of the operator for a service behind it, as the service would accept it. */
export const operatorToken = signer({ name: 'operator', key: OPERATOR_KEY })

/** Signs people in, as authentication does: their tokens, and the state by which a gateway judges them. */
export const signInOffice = () => {
  const keys = crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']) as Promise<CryptoKeyPair>
  return {
    token: async (name: string, roles: readonly Role[]): Promise<string> => {
      const address = deriveOwner(derived(1, name))
      const person = { address, roles: [...roles], session: crypto.randomUUID(), at: Date.now() }
      return signAccessToken(person, { key: (await keys).privateKey, kid: 'one', id: crypto.randomUUID() })
    },
    state: async () => {
      const { x } = await crypto.subtle.exportKey('jwk', (await keys).publicKey)
      const key = { kty: 'OKP', crv: 'Ed25519', x, alg: 'EdDSA', use: 'sig', kid: 'one' }
      return { keys: { keys: [key] }, revoked: [] }
    },
  }
}

/** The real service as a process of its own, once it listens. `upstream` stands for all services behind it. */
export const startGateway = async (upstream: string, env: Readonly<Record<string, string>> = {}) => {
  const folder = mkdtempSync(join(tmpdir(), 'lucid-gateway-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'identities.json'), JSON.stringify({ operator: derivePublicKey(OPERATOR_KEY) }))
  const [httpPort = 0, onionPort = 0, tlsPort = 0] = freePorts(3)
  const main = startMain(import.meta.dir, {
    PORT: String(httpPort),
    ONION_PORT: String(onionPort),
    TLS_PORT: String(tlsPort),
    TLS_CA_KEY: 'ef'.repeat(32),
    LUCID_DATA: join(folder, 'data'),
    IDENTITY_KEY: 'ab'.repeat(32),
    IDENTITY_PEERS_FILE: join(folder, 'identities.json'),
    API_SERVER_URL: upstream,
    AUTHENTICATION_URL: upstream,
    BLOCKCHAIN_API_URL: upstream,
    SESSION_ORCHESTRATOR_URL: upstream,
    SESSION_RECORDER_URL: upstream,
    ...env,
  })
  const port = await main.port
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    onionPort,
    tlsPort,
    process: main.process,
    said: main.said,
    /** Ends it, however it is, and removes what it made. */
    stop: async () => {
      main.process.kill('SIGTERM')
      await main.process.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>
