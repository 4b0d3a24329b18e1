import type { Aead } from '#common/engines/aead'
import { chunkName } from '#common/evidence/bundle'
import { type Check, concludeChecks } from '#common/evidence/check'
import { bytesReader } from '#common/evidence/reader'
import { verifyBundle } from '#common/evidence/verify'
import { concat, equalBytes } from '#common/stream/bytes'
import { NotRun } from './model.ts'
import { open, type ProbeClient, requireObject, requireServices, requireThat, rpc } from './probe-client.ts'
import { anchored, bundleOf, type Recorded, record } from './recording.ts'

/** A step of the way of one recording. What an earlier one made is in `story`; without it the step is not run. */
export type Step = { readonly check: string; readonly subject: string; readonly act: (story: Story) => Promise<string> }

/** What the steps leave to each other. */
export type Story = {
  readonly client: ProbeClient
  readonly aead: Aead
  readonly anchorMs: number
  recorded?: Recorded
  bundle?: Uint8Array<ArrayBuffer>
}

/** Small, and more than one block of everything. */
const BYTES = 300_000

const requireEarlier = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new NotRun(`there is no ${what}: see the line before`)
  return value
}

const checksOf = async (
  { client, aead }: Story,
  bundle: Uint8Array<ArrayBuffer>,
  trust: string,
): Promise<{ readonly checks: readonly Check[]; readonly plain: Uint8Array }> => {
  const pieces: Uint8Array[] = []
  const decryptTo = {
    write: async (bytes: Uint8Array) => void pieces.push(Uint8Array.from(bytes)),
    commit: async () => {},
    abort: async () => void pieces.splice(0),
  }
  requireThat(client.url('blockchain-api') !== undefined, 'there is no chain')
  const checks: Check[] = []
  for await (const check of verifyBundle({ reader: bytesReader(bundle), aead, trust, decryptTo })) checks.push(check)
  return { checks, plain: concat(...pieces) }
}

const trusted = async (client: ProbeClient): Promise<string> =>
  String((await open(client, 'blockchain-api', '/chain'))['sealer_public_key'])

const failedOf = (checks: readonly Check[]): readonly Check[] => checks.filter(({ ok }) => ok !== true)

/** Where chunk 0 lies: behind its header in the archive, which names it. */
const inChunk = (bundle: Uint8Array): number => {
  const at = Buffer.from(bundle.buffer, bundle.byteOffset, bundle.length).indexOf(chunkName(0))
  requireThat(at >= 0, 'the bundle has no chunk 0')
  // A block of 512 for the header; the ciphertext begins after the 58 bytes of the chunk file's own.
  return at + 512 + 1000
}

/** One recording from the first byte to the proof, and what must not pass. */
export const steps: readonly Step[] = [
  {
    check: 'a recording goes in',
    subject: 'session-recorder',
    act: async (story) => {
      requireServices(story.client, 'session-recorder', 'session-orchestrator', 'session-encryptor')
      story.recorded = await record(story.client, BYTES)
      return `${BYTES} bytes durable and sealed in ${story.recorded.ms} ms`
    },
  },
  {
    check: 'it is anchored',
    subject: 'on-system-chain-client',
    act: async ({ client, recorded, anchorMs }) => {
      const { id } = requireEarlier(recorded, 'recording')
      requireServices(client, 'blockchain-api', 'on-system-chain-client')
      const began = client.now()
      const { anchor } = await anchored(client, id, { anchorMs })
      return `block ${String(requireObject(requireObject(anchor, 'the anchor')['block'], 'the block')['number'])}, ${client.now() - began} ms later`
    },
  },
  {
    check: 'the anchor is on the chain',
    subject: 'blockchain-api',
    act: async ({ client, recorded }) => {
      const { id } = requireEarlier(recorded, 'recording')
      const { tx_hash } = await open(client, 'blockchain-api', `/anchors/${id}`)
      const receipt = requireObject(
        await rpc(client, 'eth_getTransactionReceipt', `0x${String(tx_hash)}`),
        'the receipt',
      )
      requireThat(receipt['status'] === '0x1', `the transaction has the status ${String(receipt['status'])}`)
      return `transaction ${String(tx_hash).slice(0, 16)}...`
    },
  },
  {
    check: 'its bundle comes out',
    subject: 'session-encryptor',
    act: async (story) => {
      story.bundle = await bundleOf(story.client, requireEarlier(story.recorded, 'recording'))
      return `${story.bundle.length} bytes`
    },
  },
  {
    check: 'the bundle verifies with the ledger key',
    subject: 'bundle',
    act: async (story) => {
      const { checks, plain } = await checksOf(
        story,
        requireEarlier(story.bundle, 'bundle'),
        await trusted(story.client),
      )
      const [first] = failedOf(checks)
      requireThat(concludeChecks(checks) === 0, `${first?.check}: ${first?.detail}`)
      requireThat(
        checks.some(({ check }) => check === 'audit'),
        'nothing proves the events of the session',
      )
      requireThat(
        equalBytes(plain, requireEarlier(story.recorded, 'recording').bytes),
        'what is decrypted is not what was recorded',
      )
      return `${checks.length} checks hold, decrypted as recorded`
    },
  },
  {
    check: 'a flipped byte is named',
    subject: 'bundle',
    act: async (story) => {
      const forged = Uint8Array.from(requireEarlier(story.bundle, 'bundle'))
      const at = inChunk(forged)
      forged[at] = (forged[at] ?? 0) ^ 1
      const { checks } = await checksOf(story, forged, await trusted(story.client))
      const named = checks.find(({ check, ok }) => check === 'chunks' && ok === false)
      requireThat(concludeChecks(checks) === 1 && named !== undefined, 'a bundle with a flipped byte passes')
      requireThat(/chunk 0\b/.test(named?.detail ?? ''), `it does not name chunk 0: ${named?.detail}`)
      return named?.detail ?? ''
    },
  },
  {
    check: 'a foreign ledger key is refused',
    subject: 'bundle',
    act: async (story) => {
      const { checks } = await checksOf(story, requireEarlier(story.bundle, 'bundle'), story.client.random(32).toHex())
      requireThat(concludeChecks(checks) === 1, 'the anchor passes under a key that did not seal it')
      return failedOf(checks)[0]?.detail ?? ''
    },
  },
]
