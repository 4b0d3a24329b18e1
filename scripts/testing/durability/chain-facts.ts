import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import {
  decodeRegistered,
  decodeSessions,
  encodeSessionsCall,
  type Registered,
  SESSION_REGISTERED,
  type StoredAnchor,
} from '#common/evidence/anchors-abi'

type Log = { readonly topics: readonly string[]; readonly data: string }

const bare = (hex: string): string => hex.replace(/^0x/, '')

/** What the chain itself says, by plain JSON-RPC and none of our indexes. Throws Error with what the node answers. */
export const chainFacts = (url: string) => {
  const rpc = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    const reply = await fetch(`${url}/rpc`, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      headers: { 'content-type': 'application/json' },
    })
    const answer = (await reply.json()) as { readonly result?: unknown }
    if (answer.result === undefined) throw new Error(`${method}: ${JSON.stringify(answer)}`)
    return answer.result
  }
  return {
    /** Every SessionRegistered event from the first block on, in order. */
    registered: async (): Promise<readonly Registered[]> => {
      const filter = {
        address: `0x${ANCHORS_ADDRESS}`,
        topics: [`0x${SESSION_REGISTERED}`],
        fromBlock: '0x0',
        toBlock: 'latest',
      }
      const logs = (await rpc('eth_getLogs', [filter])) as readonly Log[]
      return logs.flatMap(({ topics, data }) => decodeRegistered({ topics: topics.map(bare), data: bare(data) }) ?? [])
    },
    /** The contract's `sessions(bytes32)`; undefined for a session that is not registered. */
    stored: async (session: string): Promise<StoredAnchor | undefined> => {
      const call = { to: `0x${ANCHORS_ADDRESS}`, data: `0x${encodeSessionsCall(session)}` }
      return decodeSessions(bare(String(await rpc('eth_call', [call, 'latest']))))
    },
  }
}

export type ChainFacts = ReturnType<typeof chainFacts>
