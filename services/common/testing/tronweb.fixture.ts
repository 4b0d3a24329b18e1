/** What of TronWeb the tests ask: what a TRON wallet does with a message. */
type Trx = {
  readonly signMessageV2: (message: string, privateKey: string) => string
  readonly verifyMessageV2: (message: string, signature: string) => Promise<string>
}

/**
 * TronWeb, by `require`: an `import` of it fails at random under Bun ("proto is not defined", tronweb #576, #617), so
 * this is the only place that loads it.
 */
const { TronWeb } = require('tronweb') as {
  readonly TronWeb: {
    new (options: { readonly fullHost: string }): { readonly trx: Trx }
    readonly address: { readonly fromPrivateKey: (privateKey: string) => string }
  }
}

/** A wallet that never reaches a network. */
export const { trx: tronWallet } = new TronWeb({ fullHost: 'http://127.0.0.1:9' })

/** The address that a wallet shows for a private key in hex. */
export const walletAddress = (privateKey: string): string => TronWeb.address.fromPrivateKey(privateKey)
