import { limiter } from '#common/stream/limiter'
import { CliError } from '../../cli/fail.ts'
import type { PackedLayer } from './layer.ts'
import type { LayerAnswer, LayerJob } from './worker.ts'

export type LayerThreads = { readonly make: (job: LayerJob) => Promise<PackedLayer>; readonly close: () => void }

const run = async (worker: Worker, job: LayerJob): Promise<PackedLayer> => {
  const answer = await new Promise<LayerAnswer>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<LayerAnswer>) => resolve(data)
    worker.onerror = ({ message }) => reject(new Error(`the thread that makes layers ended: ${message}`))
    worker.postMessage(job)
  })
  if ('layer' in answer) return answer.layer
  if (answer.foreseen) throw new CliError(answer.fault)
  throw new Error(answer.fault, { cause: answer.stack })
}

/** Threads that make layers, started when there is work for them. */
export const startLayerThreads = (count: number): LayerThreads => {
  const slot = limiter(count)
  const idle: Worker[] = []
  const all: Worker[] = []
  const start = (): Worker => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url).href)
    all.push(worker)
    return worker
  }
  return {
    make: (job) =>
      slot(async () => {
        const worker = idle.pop() ?? start()
        try {
          return await run(worker, job)
        } finally {
          idle.push(worker)
        }
      }),
    close: () => {
      for (const worker of all) worker.terminate()
    },
  }
}
