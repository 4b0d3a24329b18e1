import { expect } from 'bun:test'
import { decodeEventLog, encodeFunctionData, type Hex, parseAbi } from 'viem'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { sessionIdBytes32 } from '#common/evidence/session-id'
import type { ExecutedReceipt } from '#common/http/chain-model'
import { call } from './call.ts'
import { execute } from './execute.ts'
import { CHAIN_ID, contentOf, contextOf, memoryNodes, REGISTRAR, sessionOf } from './fixture.ts'
import { genesis } from './genesis.ts'

/** The contract as an Ethereum library sees it, written from the specification, not from the artifact. */
export const abi = parseAbi([
  'event SessionRegistered(bytes32 indexed sessionId, bytes32 manifestHash, uint64 startedAt, address indexed owner, bytes32 merkleRoot, uint32 chunkCount)',
  'event ChunkAnchored(bytes32 indexed sessionId, uint32 indexed index, bytes32 leaf)',
  'function registerSession(bytes32 sessionId, bytes32 manifestHash, uint64 startedAt, address owner, bytes32 merkleRoot, uint32 chunkCount)',
  'function anchorChunk(bytes32 sessionId, uint32 index, bytes32 leaf)',
  'function sessions(bytes32 sessionId) view returns (bytes32 manifestHash, bytes32 merkleRoot, address owner, uint64 startedAt, uint32 chunkCount, uint64 blockNumber)',
  'function chunks(bytes32 sessionId, uint32 index) view returns (bytes32 leaf)',
  'function registrar() view returns (address)',
])
export const x = (hex: string): Hex => `0x${hex}`
export const word = (n: number) => x(sessionIdBytes32(sessionOf(n)))
export const leaf = x('5e'.repeat(32))

export const started = async () => {
  const nodes = memoryNodes()
  const { state_root } = await genesis(nodes, { chain_id: CHAIN_ID, registrar: REGISTRAR })
  return { nodes, root: state_root }
}

export const register = (
  n: number,
  over: Partial<Record<'manifest' | 'root', Hex> & { count: number; at: bigint }> = {},
) => {
  const content = contentOf(n)
  return encodeFunctionData({
    abi,
    functionName: 'registerSession',
    args: [
      word(n),
      over.manifest ?? x(content.manifest_hash),
      over.at ?? BigInt(content.started_at),
      x(content.owner),
      over.root ?? x(content.merkle_root),
      over.count ?? content.chunk_count,
    ],
  }).slice(2)
}

export const run = async (
  { nodes, root }: Awaited<ReturnType<typeof started>>,
  transactions: readonly { readonly raw: string }[],
  number = 1,
) => execute(nodes, { state_root: root, block: contextOf(number), transactions: transactions.map(({ raw }) => raw) })

export const eventOf = (receipt: ExecutedReceipt | undefined) => {
  const [log] = receipt?.logs ?? []
  if (!log) throw new Error('no log')
  return decodeEventLog({ abi, topics: log.topics.map(x) as [Hex, ...Hex[]], data: x(log.data) })
}

export const view = async (nodes: ReturnType<typeof memoryNodes>, root: string, data: Hex) => {
  const result = await call(nodes, { chain_id: CHAIN_ID, state_root: root, to: ANCHORS_ADDRESS, data: data.slice(2) })
  expect(result.success).toBe(true)
  return x(result.data)
}
