import { CliError } from '../../cli/fail.ts'
import { readBlob, sumOf } from '../cache.ts'
import { sortedJson } from '../lock/lock.ts'
import type { LayerPlan } from './layer-plan.ts'
import type { MadeLayer } from './made.ts'
import { forgetLayer, knownLayer } from './pack.ts'
import type { LayerAnswer, LayerJob } from './worker.ts'

/** Gives planned layers: out of the cache, or made once, however many images ask for them. */
export type LayerShop = {
  readonly get: (plan: LayerPlan) => Promise<MadeLayer>
  readonly close: () => void
}

/** Makes the layer of a job and notes it in the cache. */
export type MakeLayer = (job: LayerJob) => Promise<MadeLayer>

/** Threads that make layers, started when there is work for them. */
export const layerThreads = (count: number): { readonly make: MakeLayer; readonly close: () => void } => {
  const idle: Worker[] = []
  const all: Worker[] = []
  const waiting: ((worker: Worker) => void)[] = []
  const hire = async (): Promise<Worker> => {
    const ready = idle.pop()
    if (ready !== undefined) return ready
    if (all.length < count) {
      const worker = new Worker(new URL('./worker.ts', import.meta.url).href)
      all.push(worker)
      return worker
    }
    return new Promise((resolve) => waiting.push(resolve))
  }
  const free = (worker: Worker): void => {
    const next = waiting.shift()
    if (next === undefined) idle.push(worker)
    else next(worker)
  }
  const make: MakeLayer = async (job) => {
    const worker = await hire()
    try {
      const answer = await new Promise<LayerAnswer>((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<LayerAnswer>) => resolve(data)
        worker.onerror = ({ message }) => reject(new Error(`the thread that makes layers ended: ${message}`))
        worker.postMessage(job)
      })
      if ('made' in answer) return answer.made
      if (answer.foreseen) throw new CliError(answer.fault)
      throw new Error(answer.fault, { cause: answer.stack })
    } finally {
      free(worker)
    }
  }
  const close = (): void => {
    for (const worker of all) worker.terminate()
  }
  return { make, close }
}

/** `code` is the sum of the program that makes layers: a layer of an older program is not used. */
export const layerShop = (
  { cache, code }: { readonly cache: string; readonly code: string },
  { make, close }: { readonly make: MakeLayer; readonly close: () => void },
): LayerShop => {
  const asked = new Map<string, Promise<MadeLayer>>()
  const known = (key: string): MadeLayer | undefined => {
    const made = knownLayer(cache, key)
    if (made === undefined) return undefined
    if (readBlob(cache, { algorithm: 'sha256', hex: made.digest.replace('sha256:', '') }) !== undefined)
      return made
    forgetLayer(cache, key, made)
    return undefined
  }
  return {
    get: (plan) => {
      const key = sumOf(new TextEncoder().encode(sortedJson({ plan, code }))).hex
      const promise = asked.get(key) ?? (async () => known(key) ?? make({ key, plan, cache }))()
      asked.set(key, promise)
      return promise
    },
    close,
  }
}
