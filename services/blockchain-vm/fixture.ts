import { deriveAddress } from '#common/ethereum/address'
import { signTransaction } from '#common/ethereum/transaction'
import { ANCHORS_ADDRESS } from '#common/evidence/anchor'
import { encodeRegisterSession } from '#common/evidence/anchors-abi'
import type { BlockContext } from '#common/http/chain-model'
import type { Nodes } from './state.ts'

/** Things that tests of the chain share. The keys are public knowledge and worth nothing. */
export const CHAIN_ID = 1_819_632_484
export const REGISTRAR_KEY = '11'.repeat(32)
export const STRANGER_KEY = '22'.repeat(32)
export const REGISTRAR = deriveAddress(REGISTRAR_KEY)
export const STRANGER = deriveAddress(STRANGER_KEY)

/** Nodes in memory, with what was written to look at. */
export const memoryNodes = () => {
  const stored = new Map<string, Uint8Array>()
  const nodes: Nodes = {
    get: async (key) => stored.get(key),
    keep: async (fresh) => {
      for (const [key, value] of fresh) stored.set(key, value)
    },
  }
  return { ...nodes, stored }
}

export const contextOf = (number: number, more: Partial<BlockContext> = {}): BlockContext => ({
  chain_id: CHAIN_ID,
  number,
  parent_hash: 'ab'.repeat(32),
  timestamp: 1_800_000_000 + number,
  gas_limit: 30_000_000,
  base_fee: '7',
  ...more,
})

/** A session id that differs for each number and is a UUIDv4. */
export const sessionOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export const contentOf = (n: number) => ({
  manifest_hash: (n + 1).toString(16).padStart(64, '0'),
  started_at: 1_790_000_000_000 + n,
  owner: (n + 1).toString(16).padStart(40, 'a'),
  merkle_root: (n + 1).toString(16).padStart(64, 'c'),
  chunk_count: n + 1,
})

export type Over = Partial<Parameters<typeof signTransaction>[0]> & { readonly key?: string }

/** A signed transaction with sensible fields, each replaceable. */
export const signed = (nonce: number, { key = REGISTRAR_KEY, ...over }: Over = {}) =>
  signTransaction(
    {
      chainId: CHAIN_ID,
      nonce,
      gas: 200_000n,
      to: ANCHORS_ADDRESS,
      value: 0n,
      data: '',
      maxFeePerGas: 1_000_000_000n,
      maxPriorityFeePerGas: 0n,
      ...over,
    },
    key,
  )

/** MODEXP of 64 bytes to the power 0x10001 modulo 64 bytes, all zero: 341 gas by EIP-2565, 2048 by EIP-7883. */
export const MODEXP_CODE = '60405f5260036020526040604052620100016083525f5f60e35f60055afa00'

/** A signed registerSession of session `n`. */
export const anchorTx = (nonce: number, n: number, over: Over = {}) =>
  signed(nonce, { data: encodeRegisterSession(sessionOf(n), contentOf(n)), ...over })
