import { join } from 'node:path'
import { readAptSources } from '../../platform/apt.ts'
import { get } from '../download.ts'
import { mirrorsFrom } from '../mirror.ts'
import { askBun } from '../npm-client.ts'
import type { LayerPlan } from './layer-plan.ts'
import { layerContent } from './make.ts'
import { noteLayer, packLayer } from './pack.ts'
import { sources } from './sources.ts'

/** A thread that makes layers, one at a time, since compression would hold up everything else. */

export type LayerJob = { readonly key: string; readonly plan: LayerPlan; readonly cache: string }
export type LayerAnswer =
  | { readonly made: ReturnType<typeof packLayer> }
  | { readonly fault: string; readonly stack: string; readonly foreseen: boolean }

declare const self: Worker

self.onmessage = async ({ data: { key, plan, cache } }: MessageEvent<LayerJob>) => {
  const answer = async (): Promise<LayerAnswer> => {
    try {
      const getters = sources({
        cache,
        mirrors: mirrorsFrom(process.env, readAptSources),
        ask: askBun(join(import.meta.dir, '..', '..', '..')),
        get,
      })
      const made = packLayer(cache, await layerContent(plan, getters))
      noteLayer(cache, key, made)
      return { made }
    } catch (error) {
      const { message, stack = '', name } = error instanceof Error ? error : new Error(String(error))
      return { fault: message, stack, foreseen: name === 'CliError' || name === 'RangeError' }
    }
  }
  self.postMessage(await answer())
}
