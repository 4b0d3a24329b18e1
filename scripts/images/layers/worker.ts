import { join } from 'node:path'
import { readAptSources } from '../../platform/apt.ts'
import { get } from '../packages/download.ts'
import { findMirrors } from '../packages/mirror.ts'
import { askBun } from '../packages/npm-client.ts'
import { sources } from '../packages/pinned-packages.ts'
import { readLayerContent } from './layer-content.ts'
import type { LayerPlan } from './layer-plan.ts'
import { cacheLayer, packLayer } from './pack.ts'

/** A thread that makes layers, one at a time, since compression would hold up everything else. */

export type LayerJob = { readonly key: string; readonly plan: LayerPlan; readonly cache: string }
export type LayerAnswer =
  | { readonly layer: ReturnType<typeof packLayer> }
  | { readonly fault: string; readonly stack: string; readonly foreseen: boolean }

declare const self: Worker

self.onmessage = async ({ data: { key, plan, cache } }: MessageEvent<LayerJob>) => {
  const answer = async (): Promise<LayerAnswer> => {
    try {
      const getters = sources({
        cache,
        mirrors: findMirrors(process.env, readAptSources),
        ask: askBun(join(import.meta.dir, '..', '..', '..')),
        get,
      })
      const layer = packLayer(cache, await readLayerContent(plan, getters))
      cacheLayer(cache, key, layer)
      return { layer }
    } catch (error) {
      const { message, stack = '', name } = error instanceof Error ? error : new Error(String(error))
      return { fault: message, stack, foreseen: name === 'CliError' || name === 'RangeError' }
    }
  }
  self.postMessage(await answer())
}
