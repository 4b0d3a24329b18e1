import { type Common, type CustomCrypto, createCustomCommon, Hardfork, Mainnet } from '@ethereumjs/common'

/**
 * Cancun's point evaluation (precompile 0x0a) proves things about blobs. This chain has none, so every such
 * proof is answered as invalid; without an answer @ethereumjs/evm would stop the whole block.
 */
const noBlobs = {
  verifyProof: () => false,
} as unknown as NonNullable<CustomCrypto['kzg']>

/**
 * The EVM rules of a Lucid chain: Cancun from genesis on. It has MCOPY, which OpenZeppelin 5 asks for, and
 * asks for no system contract with code, as Prague does.
 */
export const rules = (chainId: number): Common =>
  createCustomCommon({ chainId, name: 'lucid' }, Mainnet, {
    hardfork: Hardfork.Cancun,
    customCrypto: { kzg: noBlobs },
  })
