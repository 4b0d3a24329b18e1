import { RpcError } from './rpc-error.ts'

/** Values of Ethereum JSON-RPC: execution-apis, "Hex value encoding". Inside, hex has no prefix. */

/** A quantity: `0x` and the digits without leading zeros. */
export const quantity = (value: number | bigint): string => `0x${value.toString(16)}`

/** Unformatted data: `0x` and whole bytes. */
export const data = (hex: string): string => `0x${hex}`

const invalid = (name: string, expected: string) => new RpcError('invalid-params', `${name}: expected ${expected}`)

/** Reads a quantity. Throws RpcError `invalid-params`. */
export const readQuantity = (value: unknown, name: string): bigint => {
  if (typeof value !== 'string' || !/^0x(?:0|[1-9a-f][0-9a-f]{0,63})$/i.test(value))
    throw invalid(name, 'a quantity: 0x and hex digits without leading zeros')
  return BigInt(value)
}

/** Reads a quantity that must be a safe integer. */
export const readCount = (value: unknown, name: string): number => {
  const count = readQuantity(value, name)
  if (count > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(name, 'a number below 2^53')
  return Number(count)
}

/** Reads data of any length, or of `bytes`. Upper-case digits (checksummed addresses) are accepted. */
export const readData = (value: unknown, name: string, bytes?: number): string => {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^0x[0-9a-f]*$/i.test(value))
    throw invalid(name, '0x and whole bytes of hex')
  const hex = value.slice(2).toLowerCase()
  if (bytes !== undefined && hex.length !== 2 * bytes) throw invalid(name, `${bytes} bytes of hex`)
  return hex
}

export const readHash = (value: unknown, name: string): string => readData(value, name, 32)
export const readAddress = (value: unknown, name: string): string => readData(value, name, 20)
