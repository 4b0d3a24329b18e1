import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { deriveOwner, signTronMessage, verifyTronMessage } from '#common/evidence/tron-message'
import { tronWallet, walletAddress } from '#common/testing/tronweb.fixture'
import vectors from './vectors/tron-message.json'

test.each(vectors)(
  'the wallet and the command line sign alike, vector %#',
  async ({ secret, address, message, signature }) => {
    const key = Uint8Array.fromHex(secret)
    expect(deriveOwner(key)).toBe(address)
    expect(signTronMessage(message, key)).toBe(signature)
    expect(walletAddress(secret)).toBe(address)
    expect(tronWallet.signMessageV2(message, secret)).toBe(signature)
    expect(await tronWallet.verifyMessageV2(message, signature)).toBe(address)
  },
)

test('whatever the key and the message, the bytes are those of the wallet', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 32, maxLength: 32 }).filter((key) => key[0] !== 255 && key.some((b) => b > 0)),
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      async (key, message) => {
        const signature = signTronMessage(message, key)
        const address = walletAddress(key.toHex())
        expect(signature).toBe(tronWallet.signMessageV2(message, key.toHex()))
        expect(verifyTronMessage({ address, message, signature })).toBe(true)
        expect(verifyTronMessage({ address, message: `${message} `, signature })).toBe(false)
      },
    ),
    { numRuns: 60 },
  )
})
