/**
 * The EVM rules that a chain can have, oldest first. `cancun` is what every chain of the first releases began
 * with; `cancun-7883` adds the bounds and the price of the MODEXP precompile (EIP-7823, EIP-7883), without which
 * a block's worth of gas buys minutes of work.
 */
export const ruleSets = ['cancun', 'cancun-7883'] as const
export type RuleSet = (typeof ruleSets)[number]

/** The rules that new blocks are made by. */
export const NEWEST_RULES: RuleSet = 'cancun-7883'

/** From this block number on the chain has these rules, until the next fork. */
export type Fork = { readonly from: number; readonly rules: RuleSet }

/** The rules of block `number`. `forks` are in rising order; before the first of them it is Cancun. */
export const rulesAt = (forks: readonly Fork[], number: number): RuleSet =>
  forks.findLast(({ from }) => from <= number)?.rules ?? 'cancun'

/** The forks of a chain opened at block `head`: what lies between `known` and that was made under Cancun only. */
export const extendForks = (
  forks: readonly Fork[],
  { known, head }: { readonly known: number | undefined; readonly head: number },
): readonly Fork[] => {
  const before = forks.filter(({ from }) => known !== undefined && from <= known + 1)
  const old: readonly Fork[] =
    known === undefined || known >= head || rulesAt(before, known + 1) === 'cancun'
      ? []
      : [{ from: known + 1, rules: 'cancun' }]
  const made = [...before.filter(({ from }) => !old.some((one) => one.from === from)), ...old]
  return rulesAt(made, head + 1) === NEWEST_RULES ? made : [...made, { from: head + 1, rules: NEWEST_RULES }]
}
