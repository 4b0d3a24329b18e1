import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  createWalletClient,
  defineChain,
  type Hex,
  http,
  keccak256,
  parseAbi,
  toRlp,
  zeroAddress,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { parseAnchor } from '#common/evidence/anchor'
import { canonicalBytes } from '#common/evidence/canonical-json'
import { type RealServices, realServices } from '#common/testing-services'

/** The standard JSON-RPC as an Ethereum library uses it, over the real services as processes. */
const account = privateKeyToAccount(`0x${'33'.repeat(32)}`)
const LucidAnchors: Address = '0x6c756369642d616e63686f727300000000000000'
const abi = parseAbi([
  'event SessionRegistered(bytes32 indexed sessionId, bytes32 manifestHash, uint64 startedAt, address indexed owner, bytes32 merkleRoot, uint32 chunkCount)',
  'function registrar() view returns (address)',
  'function registerSession(bytes32 sessionId, bytes32 manifestHash, uint64 startedAt, address owner, bytes32 merkleRoot, uint32 chunkCount)',
  'function sessions(bytes32 sessionId) view returns (bytes32 manifestHash, bytes32 merkleRoot, address owner, uint64 startedAt, uint32 chunkCount, uint64 blockNumber)',
  'error SessionExists(bytes32 sessionId)',
  'error NotRegistrar(address caller)',
])
const chain = defineChain({
  id: 1819632484,
  name: 'Lucid',
  nativeCurrency: { name: 'wei', symbol: 'wei', decimals: 18 },
  rpcUrls: { default: { http: [] } },
})

const home = mkdtempSync(join(tmpdir(), 'lucid-viem-'))
const services: RealServices = realServices(home, {
  'blockchain-ledger': {
    LEDGER_KEY: '22'.repeat(32),
    REGISTRAR_ADDRESS: account.address.slice(2).toLowerCase(),
    BLOCK_WINDOW_MS: '20',
  },
})
const started = ['blockchain-vm', 'blockchain-ledger', 'blockchain-sessions-data', 'blockchain-api'] as const

const session = '0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01'
const sessionId: Hex = `0x${session.replaceAll('-', '')}${'0'.repeat(32)}`
const owner: Address = `0x${'11'.repeat(20)}`
const args = [
  sessionId,
  `0x${'aa'.repeat(32)}`,
  1_700_000_000_000n,
  owner,
  `0x${'bb'.repeat(32)}`,
  3,
] as const

const setUp = async () => {
  const url = `${services.url('blockchain-api')}/rpc`
  const token = await services.as('operator')('blockchain-api')
  const headers = { authorization: `Bearer ${token}` }
  return {
    url,
    token,
    reader: createPublicClient({
      chain,
      transport: http(url, { batch: true, retryCount: 0 }),
      pollingInterval: 20,
    }),
    writer: createWalletClient({
      chain,
      account,
      transport: http(url, { fetchOptions: { headers }, retryCount: 0 }),
    }),
  }
}
let all: Awaited<ReturnType<typeof setUp>>
let hash: Hex

beforeAll(async () => {
  for (const name of started) await services.start(name)
  all = await setUp()
  hash = await all.writer.writeContract({ address: LucidAnchors, abi, functionName: 'registerSession', args })
  await all.reader.waitForTransactionReceipt({ hash })
}, 60_000)
afterAll(async () => {
  await services.stop()
  rmSync(home, { recursive: true })
})

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
    const { reader } = all
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
    const { reader } = all
    const block = await reader.getBlock({ includeTransactions: true })
    expect(block).toMatchObject({ number: 1n, uncles: [], totalDifficulty: 0n })
    expect(block.transactions.map((tx) => tx.hash)).toEqual([hash])
    const q = (value: bigint): Hex =>
      value === 0n
        ? '0x'
        : `0x${value.toString(16).padStart(2 * Math.ceil(value.toString(16).length / 2), '0')}`
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
    const { reader } = all
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
    await expect(reader.getTransaction({ hash: `0x${'00'.repeat(32)}` })).rejects.toThrow(
      'could not be found',
    )
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
      transactionHash: hash,
      blockNumber: 1n,
      logIndex: 0,
      removed: false,
    })
    expect(await reader.getLogs({ blockHash: log?.blockHash as Hex })).toHaveLength(1)
    expect(await reader.getLogs({ address: zeroAddress, fromBlock: 0n })).toEqual([])
    expect(
      await reader.getLogs({ event, args: { sessionId: `0x${'01'.repeat(32)}` }, fromBlock: 0n }),
    ).toEqual([])
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
    const { reader } = all
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
    expect(await reverted(reader.simulateContract({ ...contract, args: other, account: owner }))).toBe(
      'NotRegistrar',
    )
    expect(await reverted(reader.estimateContractGas({ ...contract, args, account: account.address }))).toBe(
      'SessionExists',
    )
  })

  test('a transaction is refused without a service token, and with one that is not for here', async () => {
    const { url, reader, writer } = all
    const serializedTransaction = await writer.signTransaction(
      await writer.prepareTransactionRequest({ to: owner, value: 1n, gas: 21_000n, nonce: 1 }),
    )
    await expect(reader.sendRawTransaction({ serializedTransaction })).rejects.toThrow(
      'needs a service token',
    )
    const foreign = await services.as('operator')('blockchain-vm')
    const headers = { authorization: `Bearer ${foreign}` }
    const stranger = createPublicClient({
      chain,
      transport: http(url, { fetchOptions: { headers }, retryCount: 0 }),
    })
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

const get = async (path: string) => {
  const reply = await fetch(services.url('blockchain-api') + path)
  return { status: reply.status, text: await reply.text() }
}

describe('REST', () => {
  test('an anchor is exactly the anchor.json that the verifier reads', async () => {
    const { status, text } = await get(`/anchors/${session}`)
    expect(status).toBe(200)
    const anchor = JSON.parse(text)
    expect(Object.keys(anchor).toSorted()).toEqual([
      'block',
      'chain_id',
      'contract',
      'event',
      'receipt_proof',
      'sealer',
      'tx_hash',
      'tx_index',
    ])
    expect(parseAnchor(canonicalBytes(anchor))).toEqual(anchor)
    expect(`0x${anchor.block.hash}`).toBe(keccak256(`0x${anchor.block.header_rlp}`))
    expect(anchor).toMatchObject({
      chain_id: 1819632484,
      contract: LucidAnchors.slice(2),
      tx_hash: hash.slice(2),
      tx_index: 0,
      event: {
        sessionId: sessionId.slice(2),
        manifestHash: 'aa'.repeat(32),
        startedAt: 1_700_000_000_000,
        owner: '11'.repeat(20),
        merkleRoot: 'bb'.repeat(32),
        chunkCount: 3,
      },
    })
  })

  test('chain, blocks, transactions, receipts and proofs are public and agree with each other', async () => {
    const of = async (path: string) => JSON.parse((await get(path)).text)
    const chainView = await of('/chain')
    expect(chainView).toMatchObject({ chain_id: 1819632484, contract: LucidAnchors.slice(2) })
    const block = await of('/blocks/1')
    expect(await of(`/blocks/${block.hash}`)).toEqual(block)
    expect(block.sealer.public_key).toBe(chainView.sealer_public_key)
    const last = await of('/blocks?limit=2')
    expect(last.blocks.map(({ number }: { number: number }) => number)).toEqual([
      chainView.head.number - 1,
      chainView.head.number,
    ])
    expect((await of('/blocks?from=1&limit=1')).blocks).toEqual([block])
    const txHash = hash.slice(2)
    expect(await of(`/transactions/${txHash}`)).toMatchObject({
      state: 'mined',
      block_number: 1,
      tx_index: 0,
    })
    expect(await of(`/receipts/${txHash}`)).toMatchObject({ status: 1, block_hash: block.hash })
    expect(await of(`/receipts/${txHash}/proof`)).toMatchObject({ header_rlp: block.header_rlp, tx_index: 0 })
    expect((await of('/anchors?limit=10')).anchors).toMatchObject([{ session_id: session }])
  })

  const absent = [
    `/anchors/${session.replace('7b01', '7b02')}`,
    '/blocks/999',
    `/blocks/${'00'.repeat(32)}`,
    `/transactions/${'00'.repeat(32)}`,
    `/receipts/${'00'.repeat(32)}`,
    `/receipts/${'00'.repeat(32)}/proof`,
  ]
  test.each(absent)('GET %s is a 404 problem', async (path) => {
    const { status, text } = await get(path)
    expect({ status, type: JSON.parse(text).type }).toEqual({ status: 404, type: 'about:blank' })
  })
})
