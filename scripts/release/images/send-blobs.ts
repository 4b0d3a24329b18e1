import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError } from '../../cli/fail.ts'
import { ConnectionLost } from '../../host/connection.ts'
import type { Lease } from '../../host/lease.ts'
import type { ScriptResult } from '../../host/script.ts'
import { FRUITLESS_TRIES, gaveUp, LONG_MS, type Patience, waitAfter } from './ask.ts'
import { BLOBS, listScript, parseStored, type StoredBlobs } from './blobs.ts'
import { hostFault } from './faults.ts'
import { type Passage, readReceiver, receiverScript, SILENT, type Verdict } from './receiver.ts'
import { type Flow, openFlow, type PathOf } from './send-window.ts'

/** A blob that the host must hold, by its checksum. Size in bytes. */
export type RequiredBlob = { readonly hex: string; readonly size: number }

/** What a transfer did: blobs that came whole, bytes that arrived, lines that broke on the way. */
export type SentBlobs = { readonly sent: number; readonly bytes: number; readonly cuts: number }

export type SendBlobsOptions = Patience & {
  readonly pathOf: PathOf
  /** Bytes that the host has of all that it lacked at first. */
  readonly onProgress?: (bytes: number, total: number) => void
}

/** How often a blob is sent that arrives as another one. */
const SUM_TRIES = 3

const checksum = async (path: string): Promise<string> => {
  const hash = createHash('sha256')
  for await (const piece of Bun.file(path).stream()) hash.update(piece)
  return hash.digest('hex')
}

const readStored = async (lease: Lease): Promise<StoredBlobs> => {
  const answer = await lease.run(listScript(lease.dir), { timeoutMs: LONG_MS })
  const read = answer.code === 0 ? parseStored(answer.out) : undefined
  if (read === undefined) throw hostFault(lease.shell.name, 'the list of blobs', answer, { dir: lease.dir })
  return read
}

type Plan = { readonly passages: readonly Passage[]; readonly removed: readonly string[] }

/** What is still to be sent, the biggest first; files of a size that no blob or part of it can have are removed. */
export const planTransfer = (required: readonly RequiredBlob[], { whole, parts }: StoredBlobs): Plan => {
  const removed: string[] = []
  const passages = [...new Map(required.map((one) => [one.hex, one])).values()]
    .filter(({ hex, size }) => {
      const there = whole.get(hex)
      if (there !== undefined && there !== size) removed.push(hex)
      return there !== size
    })
    .toSorted((a, b) => b.size - a.size || (a.hex < b.hex ? -1 : 1))
    .map(({ hex, size }) => {
      const there = parts.get(hex) ?? 0
      if (there > size) removed.push(`${hex}.part`)
      return { hex, size, at: there > size ? 0 : there }
    })
  return { passages, removed }
}

const left = (passages: readonly Passage[]): number => passages.reduce((sum, { size, at }) => sum + size - at, 0)

/** Sends a plan over one connection. Throws CliError and ConnectionLost; `flow` knows what arrived, also then. */
const sendPlan = async (
  lease: Lease,
  { passages, removed }: Plan,
  flow: Flow,
  onVerdict: (hex: string, verdict: Verdict) => void,
): Promise<ScriptResult> => {
  const remove = removed.map((name) => `rm -f ${BLOBS}/${name}\n`).join('')
  try {
    const answer = await lease.send(`${remove}${receiverScript(passages)}`, flow.bytes, {
      timeoutMs: LONG_MS + left(passages) / 4,
      onOut: readReceiver(flow.got, onVerdict),
    })
    if (flow.fault() !== undefined) throw flow.fault()
    if (answer.code === SILENT) throw new ConnectionLost(`${lease.shell.name}: the connection went silent`)
    if (answer.code !== 0) throw hostFault(lease.shell.name, 'the transfer of images', answer, { dir: lease.dir })
    return answer
  } finally {
    flow.stop()
  }
}

/** Whether a blob that arrived as another one for the nth time may be sent again. Throws CliError that says whose fault it is. */
const requireResendable = async (
  { shell }: Lease,
  { hex, path, times }: { readonly hex: string; readonly path: string; readonly times: number },
): Promise<void> => {
  if ((await checksum(path)) !== hex) throw new CliError(`${path} is not what its digest says: build the image again`)
  if (times >= SUM_TRIES)
    throw new CliError(
      `${shell.name} got the blob ${hex.slice(0, 12)} wrong ${times} times: its disk or memory fails (dmesg there shows it)`,
    )
}

/**
 * Brings blobs onto the host: those that it lacks, once each, over one connection. When the connection breaks the next one goes on
 * from the bytes that are there. Throws CliError for a disk that is full, a blob that comes over wrong three times, a
 * blob of this machine that is not what it should be, or a connection that brings nothing any more; LeaseLost when somebody took over.
 */
export const sendBlobs = async (
  lease: Lease,
  required: readonly RequiredBlob[],
  { pathOf, onProgress = () => {}, onNotice = () => {}, pause = (ms) => sleep(ms) }: SendBlobsOptions,
): Promise<SentBlobs> => {
  const wrong = new Map<string, number>()
  const good = new Set<string>()
  let [bytes, cuts, fruitless] = [0, 0, 0]
  let total: number | undefined
  let best = Number.POSITIVE_INFINITY
  for (;;) {
    try {
      const plan = planTransfer(required, await readStored(lease))
      if (plan.passages.length === 0) return { sent: good.size, bytes, cuts }
      const open = left(plan.passages)
      total ??= plan.passages.reduce((sum, { size }) => sum + size, 0)
      const whole = total
      const report = (arrived: number) => onProgress(Math.max(0, whole - open + arrived), whole)
      report(0)
      if (open < best) fruitless = 0
      best = Math.min(best, open)

      const bad: string[] = []
      const flow = openFlow(plan.passages, pathOf, { onArrived: report })
      const answer = await sendPlan(lease, plan, flow, (hex, verdict) => {
        if (verdict === 'good') good.add(hex)
        if (verdict === 'wrong') bad.push(hex)
      }).finally(() => {
        bytes += flow.arrived()
      })
      for (const hex of bad) {
        const times = (wrong.get(hex) ?? 0) + 1
        wrong.set(hex, times)
        await requireResendable(lease, { hex, path: pathOf(hex), times })
      }
      // Something is still missing though the script ended well: only so often.
      if (bad.length === 0 && flow.arrived() === 0 && ++fruitless > FRUITLESS_TRIES)
        throw hostFault(lease.shell.name, 'keeping the blobs of images', answer, { dir: lease.dir })
    } catch (error) {
      if (!(error instanceof ConnectionLost)) throw error
      cuts++
      fruitless++
      if (fruitless > FRUITLESS_TRIES) throw gaveUp(error)
      onNotice(`${error.message}: going on where it stopped`)
      await pause(waitAfter(fruitless - 1))
    }
  }
}
