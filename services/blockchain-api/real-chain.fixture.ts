import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Address, createPublicClient, createWalletClient, defineChain, type Hex, http, parseAbi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { realServices } from '#common/testing/real-services'

/** For tests: the real services as processes, with one session anchored in block 1 by viem, and viem's clients. */
export const account = privateKeyToAccount(`0x${'33'.repeat(32)}`)
export const LucidAnchors: Address = '0x6c756369642d616e63686f727300000000000000'
export const abi = parseAbi([
  'event SessionRegistered(bytes32 indexed sessionId, bytes32 manifestHash, uint64 startedAt, address indexed owner, bytes32 merkleRoot, uint32 chunkCount)',
  'function registrar() view returns (address)',
  'function registerSession(bytes32 sessionId, bytes32 manifestHash, uint64 startedAt, address owner, bytes32 merkleRoot, uint32 chunkCount)',
  'function sessions(bytes32 sessionId) view returns (bytes32 manifestHash, bytes32 merkleRoot, address owner, uint64 startedAt, uint32 chunkCount, uint64 blockNumber)',
  'error SessionExists(bytes32 sessionId)',
  'error NotRegistrar(address caller)',
])
export const chain = defineChain({
  id: 1819632484,
  name: 'Lucid',
  nativeCurrency: { name: 'wei', symbol: 'wei', decimals: 18 },
  rpcUrls: { default: { http: [] } },
})

export const session = '0b0e7a52-2a4e-4f4b-9d3a-3f6f1e6a7b01'
export const sessionId: Hex = `0x${session.replaceAll('-', '')}${'0'.repeat(32)}`
export const owner: Address = `0x${'11'.repeat(20)}`
export const args = [sessionId, `0x${'aa'.repeat(32)}`, 1_700_000_000_000n, owner, `0x${'bb'.repeat(32)}`, 3] as const

const started = ['blockchain-vm', 'blockchain-ledger', 'blockchain-sessions-data', 'blockchain-api'] as const

/** Starts everything; `stop` ends it and removes its data. */
export const realChain = async () => {
  const home = mkdtempSync(join(tmpdir(), 'lucid-chain-'))
  const services = realServices(home, {
    'blockchain-ledger': {
      LEDGER_KEY: '22'.repeat(32),
      WITNESS_WAIT_MS: '0', // who reads the chain is started after it, at ports of its own
      REGISTRAR_ADDRESS: account.address.slice(2).toLowerCase(),
      BLOCK_WINDOW_MS: '20',
    },
  })
  for (const name of started) await services.start(name)
  const base = services.url('blockchain-api')
  const url = `${base}/rpc`
  const token = await services.as('operator')('blockchain-api')
  const headers = { authorization: `Bearer ${token}` }
  const reader = createPublicClient({
    chain,
    transport: http(url, { batch: true, retryCount: 0 }),
    pollingInterval: 20,
  })
  const writer = createWalletClient({
    chain,
    account,
    transport: http(url, { fetchOptions: { headers }, retryCount: 0 }),
  })
  const hash = await writer.writeContract({ address: LucidAnchors, abi, functionName: 'registerSession', args })
  await reader.waitForTransactionReceipt({ hash })
  const stop = async () => {
    await services.stop()
    rmSync(home, { recursive: true })
  }
  return { services, base, url, reader, writer, hash, stop }
}

export type RealChain = Awaited<ReturnType<typeof realChain>>
