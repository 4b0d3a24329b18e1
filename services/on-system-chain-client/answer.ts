/**
 * What a node says to eth_sendRawTransaction, in the words that Ethereum nodes share (go-ethereum,
 * core/txpool/errors.go and core/error.go). There are no codes for these in JSON-RPC.
 */
export type SendOutcome = 'taken' | 'spent' | 'gap' | 'foreign-chain' | 'refused'

const meanings: readonly (readonly [RegExp, SendOutcome])[] = [
  [/already known|already imported|known transaction/i, 'taken'],
  [/nonce too low|nonce is too low|replacement transaction underpriced/i, 'spent'],
  [/nonce too high|nonce gap/i, 'gap'],
  [/invalid chain id|chain id/i, 'foreign-chain'],
]

/** `refused` is for everything else (funds, fees, pool full): the same bytes may be taken later. */
export const outcomeOf = (message: string): SendOutcome =>
  meanings.find(([pattern]) => pattern.test(message))?.[1] ?? 'refused'
