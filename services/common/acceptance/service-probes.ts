import type { ServiceName } from '#catalog'
import { blake3 } from '#common/engines/blake3'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { inclusionProof, leafHash } from '#common/evidence/merkle'
import { isFault } from '#common/process/fault'
import { open, type ProbeClient, post, read, requireObject, requireServices, requireThat, rpc } from './probe-client.ts'

/** What shows that a service does its work. */
export type ServiceProbe = {
  /** In a few words, for the report. */
  readonly asks: string
  /** Answers a figure; throws what is wrong. */
  readonly act: (client: ProbeClient) => Promise<string>
}

/** Root over the leaves of BLAKE3(byte 0) and BLAKE3(byte 1): SPEC section 4, golden value for n=2. */
const GOLDEN_2 = '37d48b68a108669a1088e77e73fc20485e41d22841b0412a4bf56b7bdad41a8b'

const list = (value: unknown, what: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw new Error(`${what} is no list`)
  return value
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The names of engines in a service's /status; throws when one was rejected: the fallback is many times slower. */
const engines = async (client: ProbeClient, service: ServiceName): Promise<string> => {
  const said = requireObject((await open(client, service, '/status'))['engines'], 'engines')
  const rejected = list(said['rejected'] ?? [], 'rejected')
  requireThat(rejected.length === 0, `a fast engine is not used: ${JSON.stringify(rejected)}`)
  return Object.entries(said)
    .filter(([name]) => name !== 'rejected')
    .map(([name, engine]) => `${name} ${String(engine)}`)
    .join(', ')
}

const verdict = async (client: ProbeClient, proof: object): Promise<boolean> =>
  (await post(client, 'merkle-builder', '/verify', proof))['valid'] === true

const merkle = async (client: ProbeClient): Promise<string> => {
  const leaves = [0, 1].map((byte) => leafHash(blake3(Uint8Array.of(byte))))
  const { leaf, path, root } = inclusionProof(leaves, 0)
  requireThat(root.toHex() === GOLDEN_2, 'the root computed here is not the golden one')
  const proof = {
    chunk_index: 0,
    leaf: leaf.toHex(),
    path: path.map(({ hash, side }) => ({ hash: hash.toHex(), side })),
    root: GOLDEN_2,
    chunk_count: 2,
  }
  requireThat(await verdict(client, proof), 'it refuses a proof that holds')
  requireThat(!(await verdict(client, { ...proof, leaf: GOLDEN_2 })), 'it takes a proof that does not hold')
  return 'golden proof taken, forged one refused'
}

/** A question about what nobody has: the token is taken, the store is asked, the answer is no. */
const requireMissing = async (client: ProbeClient, service: ServiceName, path: string): Promise<void> => {
  const asked = client.call(service)(path)
  const answer = await asked.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!isFault(answer)) throw answer instanceof Error ? answer : new Error('it knows what nobody made')
  if (answer.kind !== 'missing') throw answer
}

const gateway = async (client: ProbeClient): Promise<string> => {
  requireServices(client, 'blockchain-api')
  const [outside, inside] = [
    await open(client, 'api-gateway', '/blockchain/chain'),
    await open(client, 'blockchain-api', '/chain'),
  ]
  requireThat(
    outside['genesis_hash'] === inside['genesis_hash'],
    'what it passes on is not what blockchain-api says: another chain',
  )
  const hidden = await client.ask('api-gateway', '/encryptor/sessions')
  requireThat(hidden.status === 404, `a route that is nobody's answered ${hidden.status}`)
  const guarded = await client.ask('api-gateway', '/orchestrator/sessions')
  requireThat(guarded.status === 401, `a guarded route without a token answered ${guarded.status}`)
  return 'open 200, guarded 401, unlisted 404'
}

const ledger = async (client: ProbeClient): Promise<string> => {
  requireServices(client, 'blockchain-api')
  const head = requireObject((await open(client, 'blockchain-ledger', '/status'))['head'], 'its head')
  const block = await open(client, 'blockchain-api', `/blocks/${String(head['number'])}`)
  requireThat(block['hash'] === head['hash'], 'the block that it serves is not its head')
  return `block ${String(head['number'])}`
}

const vm = async (client: ProbeClient): Promise<string> => {
  requireServices(client, 'blockchain-api')
  const code = text(await rpc(client, 'eth_getCode', `0x${ANCHORS_ADDRESS}`, 'latest'))
  requireThat(/^0x(?:[0-9a-f]{2}){100,}$/.test(code), 'the contract of anchors has no code in its state')
  return `contract of ${(code.length - 2) / 2} bytes in the state`
}

const chain = async (client: ProbeClient): Promise<string> => {
  const { chain_id, sealer_public_key } = await open(client, 'blockchain-api', '/chain')
  requireThat(/^[0-9a-f]{64}$/.test(text(sealer_public_key)), 'it states no key of the ledger')
  const id = Number(await rpc(client, 'eth_chainId'))
  requireThat(id === chain_id, `REST says chain ${String(chain_id)}, JSON-RPC ${id}`)
  return `chain ${id}`
}

const index = async (client: ProbeClient): Promise<string> => {
  const { indexed, head, caught_up } = await open(client, 'blockchain-sessions-data', '/status')
  requireThat(caught_up === true, `it stands at block ${String(indexed)} of ${String(head)}`)
  return `caught up at block ${String(indexed)}`
}

const anchorer = async (client: ProbeClient): Promise<string> => {
  const { account, jobs } = await open(client, 'on-system-chain-client', '/status')
  const counts = requireObject(jobs, 'jobs')
  requireThat(Number(counts['failed'] ?? 0) === 0, `${String(counts['failed'])} anchors failed`)
  requireServices(client, 'blockchain-api')
  const sent = Number(await rpc(client, 'eth_getTransactionCount', `0x${text(account).replace(/^0x/, '')}`, 'latest'))
  requireThat(Number.isSafeInteger(sent), 'its account is not on the chain')
  return `${sent} transactions of its account`
}

const documents = async (client: ProbeClient): Promise<string> => {
  const shelves = list((await open(client, 'openapi-server', '/status'))['documents'], 'documents')
  const stale = shelves.map((one) => requireObject(one, 'a document')).filter(({ state }) => state !== 'fresh')
  requireThat(
    stale.length === 0,
    stale.map(({ service, state }) => `${String(service)} is ${String(state)}`).join(', '),
  )
  return `${shelves.length} documents, all fresh`
}

const page = async (client: ProbeClient): Promise<string> => {
  const html = await client.ask('openapi-gateway', '/docs')
  requireThat(html.status === 200 && /html/.test(html.headers.get('content-type') ?? ''), 'its page is not there')
  const document = await open(client, 'openapi-gateway', '/docs/openapi.json')
  requireThat(text(document['openapi']).startsWith('3.1'), 'its document is not OpenAPI 3.1')
  return `${Object.keys(requireObject(document['paths'], 'paths')).length} paths`
}

const onions = async (client: ProbeClient): Promise<string> => {
  const said = requireObject((await open(client, 'tor-proxy', '/onions'))['onions'], 'onions')
  const addresses = Object.values(said).map((one) => text(requireObject(one, 'an onion')['address']))
  requireThat(addresses.length > 0, 'it keeps no onion')
  const odd = addresses.find((address) => !/^[a-z2-7]{56}\.onion$/.test(address))
  requireThat(odd === undefined, `${odd} is no onion address of version 3`)
  const { network, tor } = await open(client, 'tor-proxy', '/status')
  const { bootstrap, version } = requireObject(tor, 'tor')
  const joined = network === 'off' ? 'network off by TOR_NETWORK' : `bootstrap ${String(bootstrap)} %`
  return `tor ${text(version).split(' ')[0]}, ${addresses.length} onion, ${joined}`
}

/** Without a row here a service cannot be in the catalogue. */
export const serviceProbes: Readonly<Record<ServiceName, ServiceProbe>> = {
  'tor-proxy': { asks: 'onions and version of tor', act: onions },
  'api-gateway': { asks: 'routes: open, guarded, unlisted', act: gateway },
  'blockchain-vm': { asks: 'code of a contract in the state', act: vm },
  'blockchain-ledger': { asks: 'its head, read back as a block', act: ledger },
  'blockchain-sessions-data': { asks: 'the index against the chain', act: index },
  'blockchain-api': { asks: 'the chain by REST and JSON-RPC', act: chain },
  'on-system-chain-client': { asks: 'its account and its queue', act: anchorer },
  'session-encryptor': {
    asks: 'engines, and a chunk it has not',
    act: async (client) => {
      await requireMissing(client, 'session-encryptor', `/sessions/${client.uuid()}/chunks/0`)
      return engines(client, 'session-encryptor')
    },
  },
  'api-server': {
    asks: 'its document, and that it asks who comes',
    act: async (client) => {
      const document = await open(client, 'api-server', '/openapi.json')
      const paths = Object.keys(requireObject(document['paths'], 'paths')).filter((path) => path.startsWith('/api/v1/'))
      requireThat(paths.length > 0, 'its document has no route')
      const refused = await client.ask('api-server', '/api/v1/sessions')
      requireThat(refused.status === 401, `a request without a token was answered ${refused.status}`)
      return `${paths.length} paths`
    },
  },
  authentication: {
    asks: 'its signing keys, and a refresh token of nobody',
    act: async (client) => {
      const keys = list((await open(client, 'authentication', '/auth/jwks.json'))['keys'], 'keys')
      requireThat(keys.length > 0, 'it publishes no key')
      const refused = await client.ask('authentication', '/auth/refresh', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: 'none' }),
      })
      requireThat(refused.status === 401, `a made-up refresh token was answered ${refused.status}`)
      return `${keys.length} signing keys`
    },
  },
  'session-chunker': {
    asks: 'engines, and that it refuses us',
    act: async (client) => {
      const answer = await client
        .call('session-chunker')(`/sessions/${client.uuid()}/stream`)
        .catch((error: unknown) => error)
      if (answer instanceof Error && !isFault(answer)) throw answer
      requireThat(isFault(answer) && answer.kind === 'forbidden', 'it takes a caller that the catalogue does not list')
      return engines(client, 'session-chunker')
    },
  },
  'merkle-builder': { asks: 'a golden proof and a forged one', act: merkle },
  'session-orchestrator': {
    asks: 'its sessions, and one it has not',
    act: async (client) => {
      await requireMissing(client, 'session-orchestrator', `/sessions/${client.uuid()}`)
      const sessions = list((await read(client, 'session-orchestrator', '/sessions?limit=50'))['sessions'], 'sessions')
      return `${sessions.length === 50 ? '50 or more' : sessions.length} sessions`
    },
  },
  'session-recorder': {
    asks: 'its recordings',
    act: async (client) =>
      `${list((await read(client, 'session-recorder', '/recordings'))['recordings'], 'recordings').length} recordings`,
  },
  'openapi-gateway': { asks: 'page and document', act: page },
  'openapi-server': { asks: 'documents of all services', act: documents },
}
