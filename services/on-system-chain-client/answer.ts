/** Replies to eth_sendRawTransaction in the words that Ethereum nodes share (go-ethereum, core/txpool/errors.go). */
export type SendOutcome = 'taken' | 'spent' | 'gap' | 'foreign-chain' | 'refused'

export type SendReply = { readonly outcome: SendOutcome; readonly message: string }

const meanings: readonly (readonly [RegExp, SendOutcome])[] = [
  [/already known|already imported|known transaction/i, 'taken'],
  [/nonce too low|nonce is too low|replacement transaction underpriced/i, 'spent'],
  [/nonce too high|nonce gap/i, 'gap'],
  [/invalid chain id|chain id/i, 'foreign-chain'],
]

/** `refused` is for everything else (funds, fees, pool full): the same bytes may be taken later. */
export const parseOutcome = (message: string): SendOutcome =>
  meanings.find(([pattern]) => pattern.test(message))?.[1] ?? 'refused'

/** What replies mean for what was sent: `dead` can never be mined; `refusal`: why something else was not taken. */
export const sortReplies = <T>(sent: readonly T[], replies: readonly SendReply[]) => {
  const answered = sent.map((item, i) => ({
    item,
    ...(replies[i] ?? ({ outcome: 'refused', message: 'no answer' } as const)),
  }))
  const having = (...outcomes: readonly SendOutcome[]) => answered.filter(({ outcome }) => outcomes.includes(outcome))
  const items = (list: typeof answered) => list.map(({ item }) => item)
  return {
    taken: items(having('taken')),
    dead: items(having('spent', 'foreign-chain')),
    refusal: having('gap', 'refused').at(-1)?.message,
  }
}
