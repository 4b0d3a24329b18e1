import { ok } from '#common/http/client'
import type { Prepared } from '../../platform/platform.ts'
import { operatorClients } from '../../platform/session-client.ts'
import { streamOf } from '../../session/input.ts'
import { defaultOwner } from '../../session/owner.ts'
import { streamInput } from '../../session/stream-input.ts'
import { type Clients, upload } from '../../session/upload.ts'
import { waitForAnchor } from '../../session/wait-for-anchor.ts'
import { seeded } from '../durability/random.ts'
import { bytesOf, NAME_SIZE } from '../durability/source.ts'
import type { TestStore } from '../peers/stores.ts'
import { type Setting, withPlatform } from './folder.ts'
import { pssOf, rssOf } from './memory.ts'

/** Memory of one service, MiB, a value for each sample. */
export type Curve = {
  readonly name: string
  readonly restarts: number
  readonly rss: readonly number[]
  readonly pss: readonly number[]
}

export type SoakResult = {
  readonly store: string
  readonly minutes: number
  readonly every_ms: number
  /** Recordings that were anchored, reads that were answered, and what failed. */
  readonly anchored: number
  readonly bytes: number
  readonly reads: number
  readonly failures: readonly string[]
  readonly services: readonly Curve[]
}

type SoakOptions = Setting & { readonly store: TestStore; readonly minutes: number }

const EVERY = 5_000
const SEED = 20_240_611
const MIB = 1024 * 1024
/** Between two recordings, and between two rounds of reads; ms. */
const PAUSE = { recording: 1_000, reads: 500 } as const
const PATIENCE = 60_000
/** Most are short; each tenth is of two chunks. */
const SHORT = 512 * 1024
const LONG = 9 * MIB
const TENTH = 10
const MINUTE = 60_000

type Load = { anchored: number; bytes: number; reads: number; readonly failures: string[] }

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

const recordings = async (clients: Clients, owner: string, over: () => boolean, load: Load) => {
  const random = seeded(SEED)
  for (let nth = 1; !over(); nth++) {
    const size = nth % TENTH === 0 ? LONG : NAME_SIZE + random.below(SHORT)
    try {
      const input = streamInput(streamOf(whole(bytesOf({ seed: random.below(2 ** 32), size }, 0, size))))
      const { id } = await upload(clients, { owner, input, onProgress: () => {} })
      const { state } = await waitForAnchor(clients, id, { patience: PATIENCE, onState: () => {} })
      if (state !== 'anchored') throw new Error(`it is ${state} after ${PATIENCE / 1000} s`)
      load.anchored++
      load.bytes += size
    } catch (error) {
      load.failures.push(`recording ${nth}: ${error}`)
    }
    await Bun.sleep(PAUSE.recording)
  }
}

const reads = async (clients: Clients, over: () => boolean, load: Load) => {
  const kinds: readonly (() => Promise<unknown>)[] = [
    async () => ok(clients.recorder().recordings.get()),
    async () => ok(clients.orchestrator().sessions.get({ query: { limit: 100 } })),
    async () => ok(clients.chain().chain.get()),
  ]
  while (!over()) {
    for (const read of kinds)
      try {
        await read()
        load.reads++
      } catch (error) {
        load.failures.push(`read: ${error}`)
      }
    await Bun.sleep(PAUSE.reads)
  }
}

const sampler = (platform: Prepared) => {
  const curves = new Map(platform.views().map(({ name }) => [name, { rss: [] as number[], pss: [] as number[] }]))
  return {
    sample: () => {
      for (const { name, pid } of platform.views())
        if (pid !== undefined) {
          curves.get(name)?.rss.push(rssOf(pid))
          curves.get(name)?.pss.push(pssOf(pid))
        }
    },
    curves: (): readonly Curve[] =>
      platform.views().map(({ name, restarts }) => ({ name, restarts, ...(curves.get(name) ?? { rss: [], pss: [] }) })),
  }
}

/** Steady load on the real services for a time, and the memory of each meanwhile. */
export const benchSoak = ({ store, folder, minutes, say }: SoakOptions): Promise<SoakResult> => {
  const load: Load = { anchored: 0, bytes: 0, reads: 0, failures: [] }
  say(`bringing the platform up: ${store.name}`)
  return withPlatform(folder, store.ambient, async (platform) => {
    const clients = operatorClients(platform.home)
    const { sample, curves } = sampler(platform)
    const end = performance.now() + minutes * MINUTE
    const over = () => performance.now() >= end
    const working = [recordings(clients, defaultOwner(platform.home), over, load), reads(clients, over, load)]
    for (let taken = 1; !over(); taken++) {
      await Bun.sleep(EVERY)
      sample()
      if ((taken * EVERY) % MINUTE === 0)
        say(
          `${(taken * EVERY) / MINUTE} of ${minutes} min: ${load.anchored} recordings, ${load.failures.length} failures`,
        )
    }
    const services = curves()
    await Promise.all(working)
    return { store: store.name, minutes, every_ms: EVERY, ...load, services }
  })
}
