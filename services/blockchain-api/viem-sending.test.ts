import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Address, createPublicClient, http } from 'viem'
import { account, chain, owner, type RealChain, realChain } from './real-chain.fixture.ts'

let all: RealChain
beforeAll(async () => {
  all = await realChain()
}, 60_000)
afterAll(() => all.stop())

describe('sending by viem', () => {
  test('a transaction is refused without a service token, and with one that is not for here', async () => {
    const { url, reader, writer } = all
    const serializedTransaction = await writer.signTransaction(
      await writer.prepareTransactionRequest({ to: owner, value: 1n, gas: 21_000n, nonce: 1 }),
    )
    await expect(reader.sendRawTransaction({ serializedTransaction })).rejects.toThrow('needs a service token')
    const foreign = await all.services.as('operator')('blockchain-vm')
    const headers = { authorization: `Bearer ${foreign}` }
    const stranger = createPublicClient({ chain, transport: http(url, { fetchOptions: { headers }, retryCount: 0 }) })
    await expect(stranger.sendRawTransaction({ serializedTransaction })).rejects.toThrow('rejected')
    expect(await reader.getTransactionCount({ address: account.address, blockTag: 'pending' })).toBe(1)
  })

  test('what the ledger refuses has the words that libraries know', async () => {
    const { writer } = all
    const send = (change: object) =>
      writer.sendTransaction({
        to: owner,
        value: 0n,
        gas: 21_000n,
        nonce: 1,
        maxFeePerGas: 10n ** 9n,
        maxPriorityFeePerGas: 0n,
        ...change,
      } as never)
    await expect(send({ nonce: 0 })).rejects.toThrow(/nonce/i)
    await expect(send({ gas: 20_000n })).rejects.toThrow(/intrinsic gas too low/i)
    await expect(send({ value: 10n ** 60n })).rejects.toThrow(/insufficient funds/i)
    await expect(send({ maxFeePerGas: 1n })).rejects.toThrow(/less than block base fee|max fee per gas/i)
    await expect(send({ nonce: 5000 })).rejects.toThrow(/nonce/i)
  })

  test('sends, finds it pending or mined, and pays what the receipt says', async () => {
    const { reader, writer } = all
    const sent = await writer.sendTransaction({ to: owner, value: 5n })
    expect(await reader.getTransaction({ hash: sent })).toMatchObject({ value: 5n, nonce: 1, to: owner })
    await reader.waitForTransactionReceipt({ hash: sent })
    expect(await reader.getBalance({ address: owner })).toBe(5n)
  })

  test('creates a contract and tells its address', async () => {
    const { reader, writer } = all
    // Init code that returns the one byte 0x00 as run-time code: PUSH1 1, PUSH1 0, RETURN.
    const deployed = await writer.sendTransaction({ data: '0x60016000f3' })
    const { contractAddress } = await reader.waitForTransactionReceipt({ hash: deployed })
    expect(contractAddress).toMatch(/^0x[0-9a-f]{40}$/)
    expect(await reader.getCode({ address: contractAddress as Address })).toBe('0x00')
    expect(await reader.getTransaction({ hash: deployed })).toMatchObject({ to: null })
  })
})
