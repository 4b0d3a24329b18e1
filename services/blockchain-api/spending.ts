import type { TokenBuckets } from '#common/stream/token-bucket'
import { RpcError } from './rpc-error.ts'

/** Units that one request may cost: a call 1, a question to a service 1/2, 20,000 gas 1, a page of a log query 10. */
export const REQUEST_UNITS = 5_000
const GAS_A_UNIT = 20_000

/** Units of each client of the gateway, across its requests. */
export const CLIENT_UNITS = { size: 5_000, perMinute: 2_000 } as const

export const gasUnits = (gas: number): number => gas / GAS_A_UNIT

export type Spending = {
  /** Takes the unit of a call. Throws RpcError `limit-exceeded` when nothing is left. */
  readonly begin: () => void
  /** Takes what the call cost beyond that. */
  readonly charge: (units: number) => void
}

/** Of requests that cannot cost much. */
export const freeSpending: Spending = { begin: () => {}, charge: () => {} }

/** `client` is who is counted across requests; undefined for callers inside, who are not. */
export const requestSpending = (clients: TokenBuckets, client: string | undefined): Spending => {
  let left = REQUEST_UNITS
  return {
    begin: () => {
      if (left < 1)
        throw new RpcError('limit-exceeded', 'this request costs too much: send fewer or cheaper calls in one')
      if (client !== undefined && !clients.take(client))
        throw new RpcError('limit-exceeded', 'too many calls: wait a minute, or send fewer')
      left -= 1
    },
    charge: (units) => {
      left -= units
      if (client !== undefined) clients.charge(client, units)
    },
  }
}
