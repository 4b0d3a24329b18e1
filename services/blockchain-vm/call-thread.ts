import { isFault } from '#common/process/fault'
import { call } from './call.ts'
import type { CallRequest, CallResult } from './model.ts'
import { recent } from './recent.ts'
import type { Nodes } from './state.ts'

/** The thread behind `call-queue.ts`: runs one call after the other, and asks for the trie nodes that it needs. */
export type ToThread = { readonly call: CallRequest } | { readonly key: string; readonly value: Uint8Array | undefined }
export type FromThread =
  | { readonly ready: true }
  | { readonly read: string }
  | { readonly done: CallResult }
  | { readonly unknownState: string }
  | { readonly failed: string }

declare const self: {
  onmessage: ((event: MessageEvent<ToThread>) => void) | null
  postMessage: (message: FromThread) => void
}

/** Bytes of trie nodes that this thread holds for itself. A node never changes under its key. */
const CACHE_BYTES = 8 * 1024 * 1024

const cache = recent(CACHE_BYTES)
const asked = new Map<string, PromiseWithResolvers<Uint8Array | undefined>>()

const ask = (key: string): Promise<Uint8Array | undefined> => {
  const waiting = asked.get(key) ?? Promise.withResolvers<Uint8Array | undefined>()
  if (!asked.has(key)) self.postMessage({ read: key })
  asked.set(key, waiting)
  return waiting.promise
}

const nodes: Nodes = { get: async (key) => cache.get(key) ?? ask(key), keep: async () => {} }

const answer = (key: string, value: Uint8Array | undefined) => {
  if (value) cache.set(key, value)
  asked.get(key)?.resolve(value)
  asked.delete(key)
}

const run = async (request: CallRequest) => {
  try {
    self.postMessage({ done: await call(nodes, request) })
  } catch (error) {
    const { message } = error as Error
    self.postMessage(isFault(error, 'unknown-state') ? { unknownState: message } : { failed: message })
  }
}

self.onmessage = ({ data }) => {
  if ('call' in data) void run(data.call)
  else answer(data.key, data.value)
}
self.postMessage({ ready: true })
