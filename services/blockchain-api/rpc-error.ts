/** Codes of JSON-RPC 2.0 (section 5.1), EIP-1474 and go-ethereum (3: reverted). */
export const rpcCodes = {
  'parse-error': -32700,
  'invalid-request': -32600,
  'unknown-method': -32601,
  'invalid-params': -32602,
  internal: -32603,
  server: -32000,
  'not-found': -32001,
  unavailable: -32002,
  rejected: -32003,
  'limit-exceeded': -32005,
  reverted: 3,
} as const
export type RpcErrorName = keyof typeof rpcCodes

/** An expected failure of one JSON-RPC call; message and data reach the caller. */
export class RpcError extends Error {
  readonly error: RpcErrorName
  readonly data: unknown

  constructor(error: RpcErrorName, message: string, data?: unknown) {
    super(message)
    this.name = 'RpcError'
    this.error = error
    this.data = data
  }
}
