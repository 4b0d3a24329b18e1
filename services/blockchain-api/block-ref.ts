import { readCount, readHash } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { Block, Upstream } from './upstream.ts'

/** Blocks are final as they are sealed, so these all mean the head. */
const headTags = ['latest', 'pending', 'safe', 'finalized']

/** A block parameter as the ledger's reference: tag, quantity, or (EIP-1898) an object. */
export const readBlockRef = (value: unknown): string => {
  if (value === undefined || value === null) return 'latest'
  if (typeof value === 'string' && headTags.includes(value)) return 'latest'
  if (value === 'earliest') return '0'
  if (typeof value !== 'object' || Array.isArray(value)) return String(readCount(value, 'block'))
  const { blockNumber, blockHash } = value as Readonly<Record<string, unknown>>
  if (blockHash !== undefined) return readHash(blockHash, 'blockHash')
  if (blockNumber !== undefined) return readBlockRef(blockNumber)
  throw new RpcError('invalid-params', 'block: expected a tag, a number, or { blockNumber } or { blockHash }')
}

/** The block of a parameter. Throws RpcError `not-found`. */
export const requireBlock = async (up: Upstream, value: unknown): Promise<Block> => {
  const block = await up.block(readBlockRef(value))
  if (block === undefined) throw new RpcError('not-found', 'block not found')
  return block
}
