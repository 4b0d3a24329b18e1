import { isFault } from '../process/fault.ts'
import type { Opening, Sealing } from './xchacha.ts'
import { nobleOpen, nobleSeal } from './xchacha-noble.ts'

/** The thread behind `xchacha-pool.ts`: seals and opens large messages with noble, one after the other. */
export type Task = { readonly id: number; readonly seal: Sealing } | { readonly id: number; readonly open: Opening }
export type Answer =
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly unauthentic: boolean; readonly message: string }

declare const self: {
  onmessage: ((event: MessageEvent<Task>) => void) | null
  postMessage: (answer: Answer, transfer?: ArrayBuffer[]) => void
}

self.onmessage = ({ data }) => {
  try {
    const bytes = 'seal' in data ? nobleSeal(data.seal) : nobleOpen(data.open)
    self.postMessage({ id: data.id, bytes }, [bytes.buffer])
  } catch (error) {
    self.postMessage({ id: data.id, unauthentic: isFault(error, 'aead-failed'), message: String(error) })
  }
}
