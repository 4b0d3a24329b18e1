import { MAX_TRANSACTION_BYTES } from '#common/http/chain-model'
import { Fault, isFault } from '#common/process/fault'
import { data, readData } from './quantity.ts'
import { RpcError } from './rpc-error.ts'
import type { Upstream } from './upstream.ts'

/** The ledger's refusals in the words of go-ethereum, which Ethereum libraries recognise. */
const words: Readonly<Record<string, string>> = {
  'nonce-too-low': 'nonce too low',
  'nonce-gap': 'nonce too high',
  'nonce-taken': 'replacement transaction underpriced',
  'wrong-chain': 'invalid chain id for signer',
  'gas-too-high': 'exceeds block gas limit',
  'gas-too-low': 'intrinsic gas too low',
  'init-code-too-large': 'max initcode size exceeded',
  'fee-too-low': 'max fee per gas less than block base fee',
  'fee-malformed': 'max priority fee per gas higher than max fee per gas',
  'insufficient-funds': 'insufficient funds for gas * price + value',
  'pool-full': 'txpool is full',
  'call-too-slow': 'execution aborted (timeout = 5s)',
}

/** A failed call of another service as the error of one JSON-RPC call. */
export const toRpcError = (error: unknown): unknown => {
  if (!(error instanceof Fault)) return error
  const { kind, code, message } = error
  if (code === 'unknown-state') return new RpcError('server', 'the state of that block is no longer kept', { code })
  if (code === 'calls-busy') return new RpcError('limit-exceeded', message, { code })
  if (kind === 'unavailable') return new RpcError('unavailable', message, { code })
  if (kind === 'unauthenticated' || kind === 'forbidden')
    return new RpcError('rejected', `transaction rejected: ${message}`, { code })
  if (kind === 'missing') return new RpcError('not-found', message, { code })
  const known = words[code]
  return new RpcError('server', known === undefined ? message : `${known}: ${message}`, { code })
}

const alreadyIn = (error: unknown) => isFault(error, 'duplicate')

/** eth_sendRawTransaction: the caller must be a service that may write; reading is for everybody. */
export const sendRaw = async (up: Upstream, authorise: () => Promise<unknown>, raw: unknown): Promise<string> => {
  const bytes = readData(raw, 'transaction')
  if (bytes.length > 2 * MAX_TRANSACTION_BYTES)
    throw new RpcError('server', `oversized data: a transaction has at most ${MAX_TRANSACTION_BYTES} bytes`)
  await authorise()
  try {
    return data(await up.submit(bytes))
  } catch (error) {
    if (alreadyIn(error)) throw new RpcError('server', 'already known')
    throw error
  }
}
