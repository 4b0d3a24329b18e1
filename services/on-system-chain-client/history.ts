import { Value } from '@sinclair/typebox/value'
import { SealedBlock } from '#common/evidence/anchor'
import type { Call } from '#common/http/client'
import { Fault, isFault } from '#common/process/fault'
import type { Log } from '#common/process/log'
import type { Chain } from './chain.ts'
import type { JobRecord } from './job.ts'
import type { Queue, SessionFinding } from './store.ts'

/** The chain's blocks with their seals, which JSON-RPC does not know. */
export type Blocks = {
  readonly newest: () => Promise<SealedBlock>
  /** The hash of a block; undefined above the head. */
  readonly hashAt: (number: number) => Promise<string | undefined>
}

const readBlock = (value: unknown): SealedBlock => {
  const { number, hash, header_rlp, sealer } = Object(value)
  const sealed: unknown = { block: { number, hash, header_rlp }, sealer }
  if (Value.Check(SealedBlock, sealed)) return sealed
  throw new Fault('unavailable', 'rpc-broken', 'the chain answered a block in a form that is not its own')
}

/** Blocks by the REST interface of blockchain-api. */
export const blocksOver = (call: Call): Blocks => {
  const read = async (ref: string) => readBlock(await (await call(`/blocks/${ref}`)).json())
  return {
    newest: () => read('latest'),
    hashAt: async (number) => {
      try {
        return (await read(String(number))).block.hash
      } catch (error) {
        if (isFault(error) && error.kind === 'missing') return undefined
        throw error
      }
    },
  }
}

export type HistoryParts = {
  readonly queue: Pick<Queue, 'anchored' | 'history' | 'keepHistory'>
  readonly chain: Pick<Chain, 'receipts'>
  readonly blocks: Blocks
  readonly learn: (findings: readonly SessionFinding[]) => Promise<void>
  readonly log: Log
}

const PAGE = 100

/** What the chain says of anchored jobs now, where that is not what it said before. */
const findLost = async (
  { receipts }: HistoryParts['chain'],
  jobs: readonly JobRecord[],
): Promise<readonly SessionFinding[]> => {
  const found = await receipts(jobs.map(({ tx_hash }) => tx_hash ?? ''))
  return jobs.flatMap(({ id, block_hash }, i): readonly SessionFinding[] => {
    const receipt = found[i]
    if (receipt?.place.block_hash === block_hash) return []
    const content = receipt?.registered
    if (receipt === undefined || content?.session_id !== id) return [{ session: id, finding: { type: 'lost' } }]
    return [{ session: id, finding: { type: 'registered', content, place: receipt.place } }]
  })
}

/** Queues again what the chain lost, the newest first until a page is intact: a block that is there has all before it. */
const requeueLost = async ({ queue, chain, learn }: HistoryParts): Promise<number> => {
  let [intact, lost] = [0, 0]
  for (;;) {
    const jobs = await queue.anchored(intact, PAGE)
    const findings = await findLost(chain, jobs)
    if (findings.length === 0) return lost
    await learn(findings)
    const gone = findings.filter(({ finding }) => finding.type === 'lost').length
    lost += gone
    intact += jobs.length - gone
  }
}

/** Looks whether the chain went back to older data; every anchor that it lost is queued again. May be repeated. */
export const checkHistory = async (parts: HistoryParts): Promise<void> => {
  const { queue, blocks, log } = parts
  const newest = await blocks.newest()
  const before = await queue.history()
  if (before?.hash === newest.block.hash) return
  if (before === undefined || (await blocks.hashAt(before.number)) === before.hash)
    return queue.keepHistory(newest, 'on')
  log.error('incident', { what: 'chain-went-back', before: before.number, now: newest.block.number })
  log.error('incident', { what: 'anchors-lost', jobs: await requeueLost(parts) })
  await queue.keepHistory(newest, 'back')
}
