import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { BaseError, ContractFunctionRevertedError, type Hex, keccak256, toRlp, zeroAddress } from 'viem'
import { abi, account, args, LucidAnchors, owner, type RealChain, realChain, sessionId } from './real-chain.fixture.ts'

let all: RealChain
beforeAll(async () => {
  all = await realChain()
}, 60_000)
afterAll(() => all.stop())

/** A method that viem has no typed action for. */
const raw = async (method: string): Promise<unknown> => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method })
  const headers = { 'content-type': 'application/json' }
  const reply = await fetch(all.url, { method: 'POST', headers, body })
  return ((await reply.json()) as { readonly result?: unknown }).result
}

describe('viem over blockchain-api', () => {
  test('knows the chain', async () => {
    const { reader } = all
    expect(await reader.getChainId()).toBe(1819632484)
    expect(await reader.getBlockNumber()).toBe(1n)
    expect(await raw('net_version')).toBe('1819632484')
    expect(await raw('web3_clientVersion')).toMatch(/^Lucid\/v/)
    expect(await raw('eth_syncing')).toBe(false)
  })

  test('reads a receipt whose log decodes to the anchor', async () => {
    const { reader, hash } = all
    const receipt = await reader.getTransactionReceipt({ hash })
    expect(receipt).toMatchObject({
      status: 'success',
      blockNumber: 1n,
      transactionIndex: 0,
      type: 'eip1559',
      from: account.address.toLowerCase(),
      to: LucidAnchors,
      contractAddress: null,
    })
    expect(receipt.effectiveGasPrice).toBeGreaterThan(0n)
    expect(receipt.gasUsed).toBe(receipt.cumulativeGasUsed)
    expect(await reader.waitForTransactionReceipt({ hash, confirmations: 1 })).toEqual(receipt)
    const block = await reader.getBlock({ blockNumber: 1n })
    expect(receipt.logsBloom).toBe(block.logsBloom as Hex)
  })

  test('reads a block whose header hashes to its hash', async () => {
    const { reader, hash } = all
    const block = await reader.getBlock({ includeTransactions: true })
    expect(block).toMatchObject({ number: 1n, uncles: [], totalDifficulty: 0n })
    expect(block.transactions.map((tx) => tx.hash)).toEqual([hash])
    const q = (value: bigint): Hex =>
      value === 0n ? '0x' : `0x${value.toString(16).padStart(2 * Math.ceil(value.toString(16).length / 2), '0')}`
    const extra = block as unknown as Readonly<Record<string, Hex | undefined>>
    const header: Hex[] = [
      block.parentHash,
      block.sha3Uncles,
      block.miner,
      block.stateRoot,
      block.transactionsRoot,
      block.receiptsRoot,
      block.logsBloom,
      q(block.difficulty),
      q(block.number),
      q(block.gasLimit),
      q(block.gasUsed),
      q(block.timestamp),
      block.extraData,
      block.mixHash,
      block.nonce,
      q(block.baseFeePerGas ?? 0n),
      ...(block.withdrawalsRoot ? [block.withdrawalsRoot] : []),
      ...(extra['parentBeaconBlockRoot']
        ? [q(block.blobGasUsed), q(block.excessBlobGas), extra['parentBeaconBlockRoot']]
        : []),
    ]
    expect(keccak256(toRlp(header))).toBe(block.hash)
    expect(await reader.getBlock({ blockHash: block.hash })).toMatchObject({ transactions: [hash] })
    expect(await reader.getBlockTransactionCount()).toBe(1)
    expect(block.size).toBeGreaterThan(600n)
    await expect(reader.getBlock({ blockNumber: 99n })).rejects.toThrow('could not be found')
    expect(await reader.getBlock({ blockTag: 'earliest' })).toMatchObject({ number: 0n, transactions: [] })
  })

  test('reads a transaction with everything that was signed', async () => {
    const { reader, hash } = all
    const tx = await reader.getTransaction({ hash })
    expect(tx).toMatchObject({
      hash,
      blockNumber: 1n,
      transactionIndex: 0,
      from: account.address.toLowerCase(),
      to: LucidAnchors,
      nonce: 0,
      type: 'eip1559',
      chainId: 1819632484,
      accessList: [],
    })
    expect(await reader.getTransaction({ blockNumber: 1n, index: 0 })).toEqual(tx)
    await expect(reader.getTransaction({ hash: `0x${'00'.repeat(32)}` })).rejects.toThrow('could not be found')
  })

  test('finds logs by address, topic, range and block hash, and decodes them', async () => {
    const { reader } = all
    const event = abi[0]
    const [log, ...others] = await reader.getLogs({
      address: LucidAnchors,
      event,
      args: { sessionId },
      fromBlock: 0n,
      toBlock: 'latest',
      strict: true,
    })
    expect(others).toEqual([])
    expect(log).toMatchObject({
      args: { sessionId, owner, chunkCount: 3, startedAt: 1_700_000_000_000n },
      transactionHash: all.hash,
      blockNumber: 1n,
      logIndex: 0,
      removed: false,
    })
    expect(await reader.getLogs({ blockHash: log?.blockHash as Hex })).toHaveLength(1)
    expect(await reader.getLogs({ address: zeroAddress, fromBlock: 0n })).toEqual([])
    expect(await reader.getLogs({ event, args: { sessionId: `0x${'01'.repeat(32)}` }, fromBlock: 0n })).toEqual([])
    await expect(reader.getLogs({ fromBlock: 5n, toBlock: 1n })).rejects.toThrow('fromBlock is after')
    await expect(reader.getLogs({ fromBlock: 0n, toBlock: 20_000n })).rejects.toThrow('at most 10000 blocks')
  })

  test('reads the contract, now and before the anchor', async () => {
    const { reader } = all
    const contract = { address: LucidAnchors, abi } as const
    expect(await reader.readContract({ ...contract, functionName: 'registrar' })).toBe(account.address)
    const now = await reader.readContract({ ...contract, functionName: 'sessions', args: [sessionId] })
    expect(now).toEqual([args[1], args[4], owner, args[2], 3, 1n])
    const before = await reader.readContract({
      ...contract,
      functionName: 'sessions',
      args: [sessionId],
      blockNumber: 0n,
    })
    expect(before[4]).toBe(0)
    expect((await reader.getCode({ address: LucidAnchors }))?.length).toBeGreaterThan(100)
    expect(await reader.getCode({ address: owner })).toBeUndefined()
    const slot = await reader.getStorageAt({ address: LucidAnchors, slot: '0x0' })
    expect(slot).toBe(`0x${account.address.slice(2).toLowerCase().padStart(64, '0')}`)
  })

  test('knows balances, nonces and fees', async () => {
    const { reader } = all
    expect(await reader.getBalance({ address: account.address })).toBeGreaterThan(10n ** 18n)
    expect(await reader.getBalance({ address: owner })).toBe(0n)
    expect(await reader.getTransactionCount({ address: account.address })).toBe(1)
    expect(await reader.getTransactionCount({ address: account.address, blockTag: 'pending' })).toBe(1)
    expect(await reader.getTransactionCount({ address: account.address, blockNumber: 0n })).toBe(0)
    const { maxFeePerGas, maxPriorityFeePerGas } = await reader.estimateFeesPerGas()
    expect(maxPriorityFeePerGas).toBe(0n)
    expect(maxFeePerGas).toBeGreaterThanOrEqual(await reader.getGasPrice())
    const history = await reader.getFeeHistory({ blockCount: 4, rewardPercentiles: [25, 75] })
    expect(history.oldestBlock).toBe(0n)
    expect(history.baseFeePerGas).toHaveLength(3)
    expect(history.reward).toEqual([
      [0n, 0n],
      [0n, 0n],
    ])
  })

  test('an estimate is enough, and a revert is told with the contract’s own error', async () => {
    const { reader, hash } = all
    const [, ...rest] = args
    const other = [`0x${'44'.repeat(16)}${'0'.repeat(32)}`, ...rest] as const
    const contract = { address: LucidAnchors, abi, functionName: 'registerSession' } as const
    const gas = await reader.estimateContractGas({ ...contract, args: other, account: account.address })
    const used = (await reader.getTransactionReceipt({ hash })).gasUsed
    expect(Number(gas - used)).toBeGreaterThan(-2000)
    expect(Number(gas)).toBeLessThan(Number(used) * 1.1)
    expect(await reader.estimateGas({ account: account.address, to: owner, value: 1n })).toBe(21_000n)

    const reverted = async (work: Promise<unknown>) => {
      const error = await work.then(
        () => undefined,
        (failure: unknown) => failure,
      )
      const cause =
        error instanceof BaseError ? error.walk((one) => one instanceof ContractFunctionRevertedError) : null
      return cause instanceof ContractFunctionRevertedError ? cause.data?.errorName : String(error)
    }
    expect(await reverted(reader.simulateContract({ ...contract, args, account: account.address }))).toBe(
      'SessionExists',
    )
    expect(await reverted(reader.simulateContract({ ...contract, args: other, account: owner }))).toBe('NotRegistrar')
    expect(await reverted(reader.estimateContractGas({ ...contract, args, account: account.address }))).toBe(
      'SessionExists',
    )
  })
})
