import { authenticationFault, type Opening, type Sealing } from './xchacha.ts'
import { nobleOpen, nobleSeal } from './xchacha-noble.ts'
import type { Answer, Task } from './xchacha-worker.ts'

type Work = { readonly seal: Sealing } | { readonly open: Opening }
type Waiting = {
  readonly work: Work
  readonly resolve: (bytes: Uint8Array<ArrayBuffer>) => void
  readonly reject: (error: unknown) => void
}

const inline = (work: Work): Uint8Array<ArrayBuffer> => ('seal' in work ? nobleSeal(work.seal) : nobleOpen(work.open))

/** noble on a thread of its own from the first use on; on this thread where the worker's file cannot be loaded. */
export const xchachaPool = (file: URL = new URL('./xchacha-worker.ts', import.meta.url)) => {
  const waiting = new Map<number, Waiting>()
  let worker: Worker | undefined
  let broken = false
  let next = 0

  const settle = (data: Answer) => {
    const task = waiting.get(data.id)
    waiting.delete(data.id)
    if (waiting.size === 0) worker?.unref()
    if (task === undefined) return
    if ('bytes' in data) task.resolve(data.bytes)
    else task.reject(data.unauthentic ? authenticationFault() : new Error(data.message))
  }
  const finishInline = () => {
    broken = true
    const left = [...waiting.values()]
    waiting.clear()
    for (const { work, resolve, reject } of left)
      try {
        resolve(inline(work))
      } catch (error) {
        reject(error)
      }
  }
  const start = (): Worker => {
    const made = new Worker(file.href)
    made.onmessage = (event: MessageEvent<Answer>) => settle(event.data)
    made.onerror = finishInline
    return made
  }

  return (work: Work): Promise<Uint8Array<ArrayBuffer>> => {
    if (broken) return Promise.try(() => inline(work))
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array<ArrayBuffer>>()
    const id = next
    next += 1
    waiting.set(id, { work, resolve, reject })
    worker ??= start()
    worker.ref()
    worker.postMessage({ id, ...work } satisfies Task)
    return promise
  }
}
