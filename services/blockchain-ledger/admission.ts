import type { DecodedTransaction } from '#common/ethereum/transaction'
import { Fault } from '#common/process/fault'
import { GAS_LIMIT } from './base-fee.ts'
import { nextFree, type Pending } from './pending.ts'

export type SenderView = { readonly nonce: number; readonly balance: bigint; readonly pending: readonly Pending[] }

export type Terms = { readonly chainId: number; readonly baseFee: bigint; readonly now: number }

/** How far ahead of the next free nonce one may be: parallel sends of one sender arrive out of order. */
export const MAX_NONCE_GAP = 256

const TX_GAS = 21_000
const CREATION_GAS = 32_000
const INIT_WORD_GAS = 2
const MAX_INIT_CODE = 49_152

/** Gas that a transaction costs before any code runs: EIP-2028, 2930, 3860. */
export const intrinsicGas = ({ data, to, accessList }: DecodedTransaction): number => {
  const size = data.length / 2
  const zeros = (data.match(/../g) ?? []).filter((byte) => byte === '00').length
  const keys = accessList.reduce((sum, { storageKeys }) => sum + storageKeys.length, 0)
  const creation = to === undefined ? CREATION_GAS + INIT_WORD_GAS * Math.ceil(size / 32) : 0
  return TX_GAS + 4 * zeros + 16 * (size - zeros) + 2400 * accessList.length + 1900 * keys + creation
}

const refuse = (code: string, detail: string) => new Fault('invalid', code, detail)
const clash = (code: string, detail: string, extra: Record<string, unknown>) =>
  new Fault('conflict', code, detail, { extra })

const checkShape = (tx: DecodedTransaction, { chainId, baseFee }: Terms, maxFee: bigint) => {
  if (tx.chainId !== chainId)
    throw refuse('wrong-chain', `signed for chain ${tx.chainId ?? 'any'}, this is chain ${chainId}`)
  if (tx.gas > BigInt(GAS_LIMIT)) throw refuse('gas-too-high', `a block holds ${GAS_LIMIT} gas`)
  const least = intrinsicGas(tx)
  if (tx.gas < BigInt(least)) throw refuse('gas-too-low', `this transaction costs at least ${least} gas`)
  if (tx.to === undefined && tx.data.length / 2 > MAX_INIT_CODE)
    throw refuse('init-code-too-large', `creation code may have ${MAX_INIT_CODE} bytes (EIP-3860)`)
  if (maxFee < baseFee) throw refuse('fee-too-low', `the base fee is ${baseFee} wei per gas`)
}

const checkNonce = (nonce: number, { nonce: next, pending }: SenderView) => {
  if (nonce < next) throw clash('nonce-too-low', `nonce ${nonce} is used, the next is ${next}`, { next })
  const free = nextFree(pending, next)
  if (nonce > free + MAX_NONCE_GAP)
    throw clash('nonce-gap', `nonce ${nonce} is too far ahead of ${free}; send the ones before first`, { next: free })
  if (pending.some((one) => one.nonce === nonce))
    throw clash('nonce-taken', `another transaction with nonce ${nonce} waits and is not replaced`, { next })
}

const costOf = (gas: number | bigint, maxFee: bigint, value: bigint) => BigInt(gas) * maxFee + value

/**
 * Whether a transaction may wait for a block. Everything that could still make it unexecutable later and is
 * its sender's own doing is checked here, because an accepted transaction is a promise.
 * Throws Fault `invalid` (wrong-chain, gas-too-low, gas-too-high, init-code-too-large, fee-too-low,
 * insufficient-funds) or `conflict` (nonce-too-low, nonce-gap, nonce-taken).
 */
export const admit = (raw: string, tx: DecodedTransaction, sender: SenderView, terms: Terms): Pending => {
  const maxFee = tx.type === 2 ? tx.maxFeePerGas : tx.gasPrice
  checkShape(tx, terms, maxFee)
  checkNonce(tx.nonce, sender)
  const owed = sender.pending.reduce((sum, one) => sum + costOf(one.gas, one.max_fee, one.value), 0n)
  const cost = costOf(tx.gas, maxFee, tx.value)
  if (owed + cost > sender.balance)
    throw refuse('insufficient-funds', `needs ${cost} wei beside ${owed} of waiting ones, has ${sender.balance}`)
  return {
    hash: tx.hash,
    raw,
    sender: tx.from,
    nonce: tx.nonce,
    gas: Number(tx.gas),
    max_fee: maxFee,
    value: tx.value,
    received_at: terms.now,
  }
}
