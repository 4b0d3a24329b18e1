import { type Common, type CustomCrypto, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'
import type { RuleSet } from '#common/ethereum/forks'

/** Cancun's point evaluation (0x0a) is of blobs, of which this chain has none: every proof is answered as invalid. */
const noBlobs = { verifyProof: () => false } as unknown as NonNullable<CustomCrypto['kzg']>

/** What a rule set has beyond Cancun. */
const eips: Readonly<Record<RuleSet, number[]>> = { cancun: [], 'cancun-7883': [7823, 7883] }

/**
 * The EVM rules of a Lucid chain: Cancun from genesis on. It has MCOPY, which OpenZeppelin 5 asks for, and
 * asks for no system contract with code, as Prague does. What was added since holds from a block number on.
 */
export const rules = (chainId: number, set: RuleSet = 'cancun'): Common =>
  createCustomCommon({ chainId, name: 'lucid' }, Mainnet, {
    hardfork: Hardfork.Cancun,
    eips: eips[set],
    customCrypto: { kzg: noBlobs },
  })
