import {
  type AnchorContent,
  decodeRegistered,
  decodeRegistrar,
  decodeSessions,
  encodeSessionsCall,
  REGISTRAR_CALL,
  SESSION_REGISTERED,
  type StoredAnchor,
} from '#common/evidence/anchors-abi'
import { sessionIdBytes32 } from '#common/evidence/session-id'
import { Fault } from '#common/process/fault'
import { parseOutcome, type SendReply } from './answer.ts'
import type { Place } from './job.ts'
import type { Rpc, RpcCall } from './rpc.ts'

/** A receipt as this service needs it; `registered` is what its SessionRegistered log of our contract says. */
export type ObservedReceipt = {
  readonly status: 0 | 1
  readonly place: Place
  readonly registered: ({ readonly session_id: string } & AnchorContent) | undefined
}

/** What the chain wants to know before it takes a transaction. Fees in wei. */
export type SigningFacts = {
  readonly chainId: number
  readonly nextNonce: number
  readonly gasPrice: bigint
  readonly registrar: string
}

export type Chain = {
  readonly head: () => Promise<number>
  readonly receipts: (hashes: readonly string[]) => Promise<readonly (ObservedReceipt | undefined)[]>
  readonly sessions: (ids: readonly string[]) => Promise<readonly (StoredAnchor | undefined)[]>
  /** The transaction and block of a session's event; undefined when the block does not hold it (any more). */
  readonly locate: (id: string, block: number) => Promise<Place | undefined>
  readonly facts: (account: string) => Promise<SigningFacts>
  /** In order; stops at the first that is not taken. */
  readonly send: (raws: readonly string[]) => Promise<readonly SendReply[]>
}

const bad = (what: string) =>
  new Fault('unavailable', 'rpc-broken', `the chain answered ${what} in a form that is not Ethereum's`)

const readHex = (value: unknown, what: string): string => {
  if (typeof value !== 'string' || !/^0x[0-9a-f]*$/i.test(value)) throw bad(what)
  return value.slice(2).toLowerCase()
}
const readCount = (value: unknown, what: string): number => {
  const count = Number.parseInt(readHex(value, what), 16)
  if (!Number.isSafeInteger(count)) throw bad(what)
  return count
}
const readField = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined

const readLog = (log: unknown) => {
  const topics = readField(log, 'topics')
  if (!Array.isArray(topics)) throw bad('a log')
  return {
    address: readHex(readField(log, 'address'), 'a log'),
    topics: topics.map((topic) => readHex(topic, 'a topic')),
    data: readHex(readField(log, 'data'), 'a log'),
  }
}

const readPlace = (value: unknown): Place => ({
  tx_hash: readHex(readField(value, 'transactionHash'), 'a transaction hash'),
  block_number: readCount(readField(value, 'blockNumber'), 'a block number'),
  block_hash: readHex(readField(value, 'blockHash'), 'a block hash'),
})

const readReceipt = (value: unknown, contract: string): ObservedReceipt | undefined => {
  if (value === null) return undefined
  const logs = readField(value, 'logs')
  if (!Array.isArray(logs)) throw bad('a receipt')
  const registered = logs
    .map(readLog)
    .filter(({ address }) => address === contract)
    .map(decodeRegistered)
    .find((event) => event !== undefined)
  return {
    status: readCount(readField(value, 'status'), 'a status') === 1 ? 1 : 0,
    place: readPlace(value),
    registered,
  }
}

/** The few questions that anchoring asks an Ethereum node, each a standard JSON-RPC method. */
export const chain = (rpc: Rpc, contract: string): Chain => {
  const ask = async (calls: readonly RpcCall[]): Promise<readonly unknown[]> =>
    (await rpc(calls)).map((reply) => {
      if ('result' in reply) return reply.result
      throw new Fault('unavailable', 'rpc-error', `the chain refused a question: ${reply.error.message}`)
    })
  const callContract = (data: string): RpcCall => ({
    method: 'eth_call',
    params: [{ to: `0x${contract}`, data: `0x${data}` }, 'latest'],
  })
  return {
    head: async () => readCount((await ask([{ method: 'eth_blockNumber', params: [] }]))[0], 'the head'),
    receipts: async (hashes) =>
      (await ask(hashes.map((hash) => ({ method: 'eth_getTransactionReceipt', params: [`0x${hash}`] })))).map((value) =>
        readReceipt(value, contract),
      ),
    sessions: async (ids) =>
      (await ask(ids.map((id) => callContract(encodeSessionsCall(id))))).map((value) =>
        decodeSessions(readHex(value, 'a session')),
      ),
    locate: async (id, block) => {
      const number = `0x${block.toString(16)}`
      const topics = [`0x${SESSION_REGISTERED}`, `0x${sessionIdBytes32(id)}`]
      const filter = { address: `0x${contract}`, topics, fromBlock: number, toBlock: number }
      const [logs] = await ask([{ method: 'eth_getLogs', params: [filter] }])
      if (!Array.isArray(logs)) throw bad('logs')
      return logs[0] === undefined ? undefined : readPlace(logs[0])
    },
    facts: async (account) => {
      const [id, count, price, registrar] = await ask([
        { method: 'eth_chainId', params: [] },
        { method: 'eth_getTransactionCount', params: [`0x${account}`, 'pending'] },
        { method: 'eth_gasPrice', params: [] },
        callContract(REGISTRAR_CALL),
      ])
      return {
        chainId: readCount(id, 'the chain id'),
        nextNonce: readCount(count, 'a nonce'),
        gasPrice: BigInt(`0x${readHex(price, 'a price')}`),
        registrar: decodeRegistrar(readHex(registrar, 'the registrar')),
      }
    },
    send: async (raws) => {
      const replies = await rpc(raws.map((raw) => ({ method: 'eth_sendRawTransaction', params: [`0x${raw}`] })))
      return replies.map((reply) =>
        'result' in reply
          ? { outcome: 'taken', message: '' }
          : { outcome: parseOutcome(reply.error.message), message: reply.error.message },
      )
    },
  }
}
